// What a detector answers for a picture, or an annotation holds, as words: `2 cat, 1 dog`.

const LABELS_SHOWN = 3;

/** Boxes by their label, the most frequent first; null for what holds no boxes. Read or as JSON. */
export function tellBoxes(answer: unknown): string | null {
  const labels = labelsOf(answer);
  if (labels === null) return null;
  if (labels.length === 0) return "nothing";
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const told = sorted.slice(0, LABELS_SHOWN).map(([label, count]) => `${count} ${label}`);
  const more = sorted.slice(LABELS_SHOWN).reduce((sum, [, count]) => sum + count, 0);
  return [...told, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

function labelsOf(answer: unknown): string[] | null {
  const { boxes, labels } = ((typeof answer === "string" ? read(answer) : answer) ?? {}) as { boxes?: unknown; labels?: unknown };
  return Array.isArray(boxes) && Array.isArray(labels) ? labels.map(String) : null;
}

function read(text: string): unknown {
  if (!text.startsWith("{")) return {};
  try {
    return JSON.parse(text);
  } catch {
    return {}; // a text that only looks like boxes
  }
}
