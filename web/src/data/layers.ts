// A small layered graph: nodes in columns so that edges lead to the right, few crossings, edges as
// curves. Nothing is drawn here.

export interface LayerNode {
  readonly id: string;
}

export interface LayerEdge {
  readonly source: string;
  readonly target: string;
}

export interface LayerSizes {
  readonly width: number;
  readonly height: number;
  readonly gapX: number;
  readonly gapY: number;
}

export interface LayerBox {
  readonly x: number;
  readonly y: number;
  readonly column: number;
  readonly row: number;
}

export interface Layers {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<string, LayerBox>;
  /** One SVG path for each edge, in their order; "" for an edge without both its nodes. */
  readonly paths: readonly string[];
  /** Ids by column, from top to bottom. */
  readonly columns: readonly (readonly string[])[];
}

/** Sweeps over all columns; more of them hardly take a crossing away. */
const SWEEPS = 4;

export function layOutLayers(
  nodes: readonly LayerNode[],
  edges: readonly LayerEdge[],
  sizes: LayerSizes,
): Layers {
  const columns = orderColumns(nodes, edges);
  const tallest = Math.max(1, ...columns.map((column) => column.length));
  const stepX = sizes.width + sizes.gapX;
  const stepY = sizes.height + sizes.gapY;
  const height = tallest * stepY - sizes.gapY;
  const boxes = new Map<string, LayerBox>();
  columns.forEach((ids, column) => {
    const top = (height - (ids.length * stepY - sizes.gapY)) / 2;
    ids.forEach((id, row) => boxes.set(id, { x: column * stepX, y: top + row * stepY, column, row }));
  });
  const width = Math.max(1, columns.length) * stepX - sizes.gapX;
  const paths = edges.map(({ source, target }) => pathOf(boxes.get(source), boxes.get(target), sizes));
  return { width, height, boxes, paths, columns };
}

/** Nodes in columns; in each, they stand near the middle of those they are linked with. */
function orderColumns(nodes: readonly LayerNode[], edges: readonly LayerEdge[]): string[][] {
  const column = columnsOf(nodes, edges);
  const count = Math.max(0, ...column.values()) + 1;
  const columns: string[][] = Array.from({ length: nodes.length === 0 ? 0 : count }, () => []);
  for (const { id } of nodes) columns[column.get(id) ?? 0]?.push(id);
  const linked = neighbours(edges);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isRightward = sweep % 2 === 0;
    const order = columns.map((_, i) => i);
    if (!isRightward) order.reverse();
    for (const at of order) {
      const place = new Map(columns.flatMap((ids) => ids.map((id, row) => [id, share(row, ids.length)] as const)));
      const near = (id: string): number[] =>
        (linked.get(id) ?? [])
          .filter((other) => {
            const there = column.get(other) ?? at;
            return isRightward ? there < at : there > at;
          })
          .map((other) => place.get(other) ?? 0);
      const wanted = new Map(columns[at]?.map((id) => [id, mean(near(id)) ?? place.get(id) ?? 0]));
      columns[at]?.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    }
  }
  return columns;
}

/**
 * The column of each node: to the right of everything that leads to it, and no further left of what
 * it leads to than need be. An edge that would close a circle is passed over.
 */
function columnsOf(nodes: readonly LayerNode[], edges: readonly LayerEdge[]): Map<string, number> {
  const known = new Set(nodes.map((node) => node.id));
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  for (const { source, target } of edges) {
    if (!known.has(source) || !known.has(target)) continue;
    before.set(target, [...(before.get(target) ?? []), source]);
    after.set(source, [...(after.get(source) ?? []), target]);
  }
  const column = new Map<string, number>();
  const open = new Set<string>();
  const place = (id: string): number => {
    const found = column.get(id);
    if (found !== undefined) return found;
    open.add(id);
    const sources = (before.get(id) ?? []).filter((source) => !open.has(source));
    const at = Math.max(-1, ...sources.map(place)) + 1;
    open.delete(id);
    column.set(id, at);
    return at;
  };
  for (const { id } of nodes) place(id);
  for (const { id } of nodes) {
    const targets = (after.get(id) ?? []).map((target) => column.get(target) ?? 0);
    if ((before.get(id) ?? []).length === 0 && targets.length > 0)
      column.set(id, Math.max(0, Math.min(...targets) - 1));
  }
  return column;
}

const share = (row: number, count: number): number => (row + 0.5) / count;

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function neighbours(edges: readonly LayerEdge[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (from: string, to: string) => found.set(from, [...(found.get(from) ?? []), to]);
  for (const { source, target } of edges) {
    add(source, target);
    add(target, source);
  }
  return found;
}

/** From the right side of the source to the left side of the target; around, when that lies back. */
function pathOf(source: LayerBox | undefined, target: LayerBox | undefined, sizes: LayerSizes): string {
  if (!source || !target) return "";
  const [x1, y1] = [source.x + sizes.width, source.y + sizes.height / 2];
  const [x2, y2] = [target.x, target.y + sizes.height / 2];
  const bend = x2 > x1 ? (x2 - x1) / 2 : sizes.gapX;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/** The node that an arrow key leads to: along an edge sideways, within the column up and down. */
export function neighbourOf(
  layers: Layers,
  edges: readonly LayerEdge[],
  id: string,
  key: "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown",
): string | null {
  const box = layers.boxes.get(id);
  if (!box) return null;
  const column = layers.columns[box.column] ?? [];
  if (key === "ArrowUp") return column[box.row - 1] ?? null;
  if (key === "ArrowDown") return column[box.row + 1] ?? null;
  const linked = edges.flatMap((edge) => {
    if (key === "ArrowLeft") return edge.target === id ? [edge.source] : [];
    return edge.source === id ? [edge.target] : [];
  });
  const distance = (other: string) => Math.abs((layers.boxes.get(other)?.y ?? Infinity) - box.y);
  return linked.sort((a, b) => distance(a) - distance(b))[0] ?? null;
}
