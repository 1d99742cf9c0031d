// Run colours. Eight hues, told apart under three kinds of colour blindness and on both
// grounds; the hue of a slot is the same in both themes. Slots 9-16 repeat the hues with a dash
// pattern; beyond that a run is grey. A run keeps its slot while it is selected.

export const LIGHT = [
  "#437fe8",
  "#673c00",
  "#726900",
  "#574f9d",
  "#137d71",
  "#8a055a",
  "#6d9e10",
  "#ac83b9",
] as const;

export const DARK = [
  "#367aef",
  "#eda34e",
  "#e3db8b",
  "#9891f7",
  "#50c5b6",
  "#c06392",
  "#688f2e",
  "#e6aafb",
] as const;

export const SLOT_COUNT = 16;
const HUE_COUNT = 8;

/** Dash patterns in CSS pixels; the first is a full line. Used by hue in forced-colours mode. */
export const DASHES: readonly (readonly number[])[] = [
  [],
  [5, 3],
  [2, 2],
  [8, 3, 2, 3],
  [1, 3],
  [10, 4],
  [6, 2, 1, 2, 1, 2],
  [3, 5],
];

/** Colour of a slot (0-15), or null for a run that has none and is drawn grey. */
export function slotColor(slot: number | null, isDark: boolean): string | null {
  if (slot === null || slot < 0 || slot >= SLOT_COUNT) return null;
  return (isDark ? DARK : LIGHT)[slot % HUE_COUNT] ?? null;
}

export function slotDash(slot: number | null): readonly number[] {
  if (slot === null || slot < HUE_COUNT || slot >= SLOT_COUNT) return [];
  return DASHES[1]!;
}

/** Dashes that tell runs apart where the system allows no colours of our own. */
export function forcedDash(slot: number | null): readonly number[] {
  return slot === null ? [] : DASHES[slot % DASHES.length]!;
}

/**
 * Slots for `selected` runs. Runs that had a slot keep it; new ones take the lowest free slot in
 * the order given; runs beyond the sixteenth get none.
 */
export function assignSlots(
  selected: readonly string[],
  previous: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const slots = new Map<string, number>();
  const taken = new Set<number>();
  for (const run of selected) {
    const slot = previous.get(run);
    if (slot !== undefined && slot < SLOT_COUNT && !taken.has(slot)) {
      slots.set(run, slot);
      taken.add(slot);
    }
  }
  let next = 0;
  for (const run of selected) {
    if (slots.has(run)) continue;
    while (taken.has(next)) next++;
    if (next >= SLOT_COUNT) break;
    slots.set(run, next);
    taken.add(next);
  }
  return slots;
}
