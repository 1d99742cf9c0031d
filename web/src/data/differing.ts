// What tells long texts apart: a command of two hundred letters differs in three of them.

export interface Parts {
  readonly head: string;
  /** What is different; all of a short text. */
  readonly middle: string;
  readonly tail: string;
}

/** Shorter texts are read as a whole. */
const LENGTH_MIN = 16;
/** A dot belongs to a number, and to a name: 0.1 and 0.2 differ as a whole. */
const WORD = /[\p{L}\p{N}_.]/u;

/**
 * Each text cut where all of them begin and end alike, never inside a word. A text alone, and texts
 * that are equal, differ nowhere.
 */
export function differingParts(texts: readonly string[]): Parts[] {
  const [first = ""] = texts;
  const least = Math.min(...texts.map((text) => text.length));
  if (texts.every((text) => text === first)) {
    return texts.map((text) => ({ head: text, middle: "", tail: "" }));
  }
  if (least < LENGTH_MIN) return texts.map((text) => ({ head: "", middle: text, tail: "" }));
  const at = (text: string, back: number) => text[text.length - back] ?? "";
  let head = 0;
  while (head < least && texts.every((text) => text[head] === first[head])) head++;
  while (head > 0 && isWord(first[head - 1]) && texts.some((text) => isWord(text[head]))) head--;
  let tail = 0;
  while (tail < least - head && texts.every((text) => at(text, tail + 1) === at(first, tail + 1))) tail++;
  while (tail > 0 && isWord(at(first, tail)) && texts.some((text) => isWord(at(text, tail + 1)))) tail--;
  return texts.map((text) => ({
    head: text.slice(0, head),
    middle: text.slice(head, text.length - tail),
    tail: text.slice(text.length - tail),
  }));
}

const isWord = (letter: string | undefined): boolean => WORD.test(letter ?? "");
