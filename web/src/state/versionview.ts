/** Which rows of a data version are looked at, as the address says it. */
export interface VersionView {
  /** `split/part` */
  part: string | null;
  label: string | null;
  page: number;
}

export function readVersion(search: string): VersionView {
  const fields = new URLSearchParams(search);
  const page = Math.trunc(Number(fields.get("page") ?? 0));
  return { part: fields.get("part") || null, label: fields.get("label"), page: page > 0 ? page : 0 };
}

export function writeVersion({ part, label, page }: VersionView): string {
  const fields = new URLSearchParams();
  if (part !== null) fields.set("part", part);
  if (label !== null) fields.set("label", label);
  if (page > 0) fields.set("page", String(page));
  const text = fields.toString();
  return text ? `?${text}` : "";
}
