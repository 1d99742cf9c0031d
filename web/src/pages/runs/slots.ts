/**
 * Virtual rows without moving nodes: row r always lives in slot r mod n, so scrolling by one row
 * rewrites one slot.
 */
export function rowInSlot(slot: number, first: number, slots: number): number {
  if (slots <= 0) return -1;
  return first + ((((slot - first) % slots) + slots) % slots);
}

export interface Window {
  first: number;
  slots: number;
}

const OVERSCAN_ROWS = 4;

export function windowOf(scroll_px: number, height_px: number, row_px: number, count: number): Window {
  const slots = Math.min(count, Math.ceil(height_px / row_px) + 1 + 2 * OVERSCAN_ROWS);
  const first = Math.max(0, Math.min(Math.floor(scroll_px / row_px) - OVERSCAN_ROWS, count - slots));
  return { first, slots };
}
