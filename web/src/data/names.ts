// Names in little room: what all have in common tells none of them apart.

const BREAK = /(?<=[-_/. ])/;
const BREAK_AT_END = /[-_/. ]+$/;

/**
 * The names without the words that all of them begin or end with: `svm-raw-3`, `knn-raw-3` are
 * `svm`, `knn`. Groups keep their differing values: `lr=0.1, act=relu, n=3` beside others with
 * three runs is `lr=0.1, relu`. Never empty, and as distinct as before.
 */
export function shortNames(names: readonly string[]): string[] {
  if (names.length < 2) return [...names];
  const values = valuesOf(names);
  if (values !== null) return values;
  const words = names.map((name) => name.split(BREAK));
  const least = Math.min(...words.map((one) => one.length));
  const head = commonCount(words, least - 1);
  const ends = words.map((one) => one.slice(head).reverse());
  const tail = commonCount(ends.map(bare), least - 1 - head);
  return ends.map((one) => one.slice(tail).reverse().join("").replace(BREAK_AT_END, ""));
}

function commonCount(words: readonly (readonly string[])[], countMax: number): number {
  let count = 0;
  while (count < countMax && words.every((one) => one[count] === words[0]![count])) count++;
  return count;
}

/** The last word of a name has no break behind it; without breaks all ends compare alike. */
function bare(words: readonly string[]): string[] {
  return words.map((word) => word.replace(BREAK_AT_END, ""));
}

/** What tells groups apart: words stand alone, a number needs its key. Null for other names. */
function valuesOf(names: readonly string[]): string[] | null {
  const parts = names.map((name) => name.split(", ").map((part) => part.split("=")));
  const first = parts[0]!;
  const isGroup = parts.every(
    (one) =>
      one.length === first.length &&
      one.every(([key, ...rest], i) => rest.length === 1 && key === first[i]![0]),
  );
  if (!isGroup) return null;
  const told = first
    .map((_, i) => i)
    .filter((i) => parts.some((one) => one[i]![1] !== first[i]![1]));
  if (told.length === 0) return [...names];
  const isWord = told.map((i) => parts.every((one) => Number.isNaN(Number(one[i]![1]))));
  return parts.map((one) =>
    told.map((i, at) => (isWord[at] ? one[i]![1] : one[i]!.join("="))).join(", "),
  );
}
