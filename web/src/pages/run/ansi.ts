/** What programs print, as text with colours. Nothing but colour is interpreted. */

export interface Span {
  text: string;
  /** CSS classes: `a1` to `a15` for a colour, `bold`, `dim`. */
  classes: string;
}

// Operating system commands (titles, links: to BEL or ST), other string commands, CSI, two-letter
// escapes.
const CONTROL =
  /\x1b\][\s\S]*?(?:\x07|\x1b\\|$)|\x1b[P^_X][\s\S]*?(?:\x1b\\|$)|\x1b\[([0-9;:]*)[ -/]*([@-~])|\x1b[ -/]*[0-~]|\x9b([0-9;:]*)[ -/]*([@-~])/g;
const INVISIBLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

interface Pen {
  color: number | null;
  isBold: boolean;
  isDim: boolean;
}

/** The last thing a terminal would show of a line that a progress bar wrote over and over. */
export function overwritten(line: string): string {
  const bare = line.replace(/\r+$/, "");
  return bare.slice(bare.lastIndexOf("\r") + 1);
}

/** Coloured pieces of one line. Every other control sequence is left out. */
export function spansOf(line: string): Span[] {
  const text = overwritten(line);
  if (!/[\x1b\x9b]/.test(text)) return text === "" ? [] : [{ text: shown(text), classes: "" }];
  const spans: Span[] = [];
  const pen: Pen = { color: null, isBold: false, isDim: false };
  let at = 0;
  const push = (end: number) => {
    const piece = shown(text.slice(at, end));
    if (piece !== "") spans.push({ text: piece, classes: classesOf(pen) });
  };
  for (const match of text.matchAll(CONTROL)) {
    push(match.index);
    at = match.index + match[0].length;
    if ((match[2] ?? match[4]) === "m") setPen(pen, match[1] ?? match[3] ?? "");
  }
  push(text.length);
  return spans;
}

/** The line without any control sequence: what a search looks at. */
export function plainOf(line: string): string {
  return spansOf(line)
    .map((span) => span.text)
    .join("");
}

const shown = (text: string): string => text.replace(INVISIBLE, "\ufffd");

function classesOf(pen: Pen): string {
  return [pen.color === null ? "" : `a${pen.color}`, pen.isBold ? "bold" : "", pen.isDim ? "dim" : ""]
    .filter((name) => name !== "")
    .join(" ");
}

function setPen(pen: Pen, parameters: string): void {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) Object.assign(pen, { color: null, isBold: false, isDim: false });
    else if (code === 1) pen.isBold = true;
    else if (code === 2) pen.isDim = true;
    else if (code === 22) Object.assign(pen, { isBold: false, isDim: false });
    else if (code >= 30 && code <= 37) pen.color = code - 30;
    else if (code >= 90 && code <= 97) pen.color = code - 90 + 8;
    else if (code === 39) pen.color = null;
    else if (code === 38 || code === 48) {
      // 256 colours: the first sixteen are the named ones; others and true colours are left plain.
      const index = codes[i + 1] === 5 ? codes[i + 2] : undefined;
      if (code === 38 && index !== undefined && index < 16) pen.color = index;
      i += codes[i + 1] === 5 ? 2 : 4;
    }
  }
}
