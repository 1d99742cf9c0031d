// Metric keys in sections: `val/acc` belongs to `val`. Machine metrics come last.

export interface Section<T> {
  /** The part before the first slash; "" for keys that have none. */
  readonly prefix: string;
  readonly items: readonly T[];
}

export function prefixOf(key: string): string {
  const slash = key.indexOf("/");
  return slash <= 0 ? "" : key.slice(0, slash);
}

/** Groups by prefix: keys without one first, `system` last, all else by name. */
export function bySection<T>(items: readonly T[], keyOf: (item: T) => string): Section<T>[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const prefix = prefixOf(keyOf(item));
    const group = groups.get(prefix);
    if (group) group.push(item);
    else groups.set(prefix, [item]);
  }
  const rank = (prefix: string): number => (prefix === "" ? 0 : prefix === "system" ? 2 : 1);
  return [...groups]
    .sort(([a], [b]) => rank(a) - rank(b) || compareNames(a, b))
    .map(([prefix, group]) => ({
      prefix,
      items: group.sort((a, b) => compareNames(keyOf(a), keyOf(b))),
    }));
}

/** By name, numbers inside by value: `layer2` before `layer10`. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
