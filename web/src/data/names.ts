// Names in little room: what all have in common tells none of them apart.

const BREAK = /(?<=[-_/. ])/;

/**
 * The names without the words that all of them begin or end with: `svm-raw-3`, `knn-raw-3` are
 * `svm`, `knn`. Never empty, and as distinct as before.
 */
export function shortNames(names: readonly string[]): string[] {
  if (names.length < 2) return [...names];
  const words = names.map((name) => name.split(BREAK));
  const least = Math.min(...words.map((one) => one.length));
  const head = commonCount(words, least - 1);
  const ends = words.map((one) => one.slice(head).reverse());
  const tail = commonCount(ends.map(bare), least - 1 - head);
  return ends.map((one) => one.slice(tail).reverse().join("").replace(/[-_/. ]+$/, ""));
}

function commonCount(words: readonly (readonly string[])[], countMax: number): number {
  let count = 0;
  while (count < countMax && words.every((one) => one[count] === words[0]![count])) count++;
  return count;
}

/** The last word of a name has no break behind it; without breaks all ends compare alike. */
function bare(words: readonly string[]): string[] {
  return words.map((word) => word.replace(/[-_/. ]$/, ""));
}
