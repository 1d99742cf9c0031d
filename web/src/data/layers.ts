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
const SWEEPS = 6;
/** Room for a link that passes a column on its way to a later one. */
const LANE_PX = 8;

export function layOutLayers(
  nodes: readonly LayerNode[],
  edges: readonly LayerEdge[],
  sizes: LayerSizes,
): Layers {
  const column = columnsOf(nodes, edges);
  const { columns, links } = withLanes(nodes, edges, column);
  untangle(columns, links);
  const heightOf = (id: string): number => (column.has(id) ? sizes.height : LANE_PX);
  const tall = columns.map((ids) => ids.reduce((sum, id) => sum + heightOf(id) + sizes.gapY, -sizes.gapY));
  const height = Math.max(sizes.height, ...tall);
  const boxes = new Map<string, LayerBox>();
  const lanes = new Map<string, LayerBox>();
  columns.forEach((ids, at) => {
    let y = (height - (tall[at] ?? 0)) / 2;
    let row = 0;
    for (const id of ids) {
      const isNode = column.has(id);
      const box = { x: at * (sizes.width + sizes.gapX), y, column: at, row };
      (isNode ? boxes : lanes).set(id, box);
      if (isNode) row++;
      y += heightOf(id) + sizes.gapY;
    }
  });
  const width = Math.max(1, columns.length) * (sizes.width + sizes.gapX) - sizes.gapX;
  const paths = edges.map((edge) => pathOf(edge, boxes, lanes, sizes));
  const shown = columns.map((ids) => ids.filter((id) => column.has(id)));
  return { width, height, boxes, paths, columns: shown };
}

/** The lane of what flows out of a node, where it passes a column. Links of one node share it. */
const laneOf = (source: string, column: number): string => `${source}\n${column}`;

/** The columns with a lane for each link that passes them, and the links from column to column. */
function withLanes(
  nodes: readonly LayerNode[],
  edges: readonly LayerEdge[],
  column: ReadonlyMap<string, number>,
): { columns: string[][]; links: LayerEdge[] } {
  const count = nodes.length === 0 ? 0 : Math.max(...column.values()) + 1;
  const columns: string[][] = Array.from({ length: count }, () => []);
  for (const { id } of nodes) columns[column.get(id) ?? 0]?.push(id);
  const links: LayerEdge[] = [];
  const made = new Set<string>();
  for (const { source, target } of edges) {
    const [from, to] = [column.get(source), column.get(target)];
    if (from === undefined || to === undefined) continue;
    let before = source;
    for (let at = from + 1; at < to; at++) {
      const lane = laneOf(source, at);
      if (!made.has(lane)) {
        made.add(lane);
        columns[at]?.push(lane);
        links.push({ source: before, target: lane });
      }
      before = lane;
    }
    links.push({ source: before, target });
  }
  return { columns, links };
}

/** Sort each column so that what is in it stands near the middle of what it is linked with. */
function untangle(columns: string[][], links: readonly LayerEdge[]): void {
  const linked = neighbours(links);
  const column = new Map(columns.flatMap((ids, at) => ids.map((id) => [id, at] as const)));
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

/** From the right side of the source through its lanes to the left side of the target. */
function pathOf(
  { source, target }: LayerEdge,
  boxes: ReadonlyMap<string, LayerBox>,
  lanes: ReadonlyMap<string, LayerBox>,
  sizes: LayerSizes,
): string {
  const [from, to] = [boxes.get(source), boxes.get(target)];
  if (!from || !to) return "";
  let [x, y] = [from.x + sizes.width, from.y + sizes.height / 2];
  let path = `M${x} ${y}`;
  const goOn = (nextX: number, nextY: number) => {
    // Backwards, where a circle was cut, the curve goes around.
    const bend = nextX > x ? (nextX - x) / 2 : sizes.gapX;
    path += `C${x + bend} ${y} ${nextX - bend} ${nextY} ${nextX} ${nextY}`;
  };
  for (let at = from.column + 1; at < to.column; at++) {
    const lane = lanes.get(laneOf(source, at));
    if (!lane) continue;
    goOn(lane.x, lane.y + LANE_PX / 2);
    [x, y] = [lane.x + sizes.width, lane.y + LANE_PX / 2];
    path += `H${x}`;
  }
  goOn(to.x, to.y + sizes.height / 2);
  return path;
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
