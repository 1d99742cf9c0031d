/** What of a data version is looked at, as the address says it. */
export interface VersionView {
  /** `split/part` */
  part: string | null;
  label: string | null;
  page: number;
  /** The version that this one is compared with: `name:vN`. */
  other: string | null;
}

export function readVersion(search: string): VersionView {
  const fields = new URLSearchParams(search);
  const page = Math.trunc(Number(fields.get("page") ?? 0));
  return { part: fields.get("part") || null, label: fields.get("label"), page: page > 0 ? page : 0, other: fields.get("other") || null };
}

export function writeVersion({ part, label, page, other }: VersionView): string {
  const fields = new URLSearchParams();
  if (part !== null) fields.set("part", part);
  if (label !== null) fields.set("label", label);
  if (page > 0) fields.set("page", String(page));
  if (other !== null) fields.set("other", other);
  const text = fields.toString();
  return text ? `?${text}` : "";
}
