import type { MenuItem } from "./Menu.svelte";
import { saveAs } from "./save";

export type ExportKind = "png" | "svg" | "csv";

const LABELS: Readonly<Record<ExportKind, string>> = {
  png: "PNG, twice the size",
  svg: "SVG",
  csv: "CSV, as drawn",
};

/** The part of a chart's menu that hands it out as a file. */
export function exportItems(
  metric: string,
  exportAs: (kind: ExportKind) => Promise<Blob> | undefined,
): MenuItem[] {
  const save = async (kind: ExportKind) => {
    const file = await exportAs(kind);
    if (file) saveAs(file, `${metric.replaceAll("/", "-")}.${kind}`);
  };
  const kinds = Object.keys(LABELS) as ExportKind[];
  return [
    { kind: "title", label: "Export" },
    ...kinds.map((kind): MenuItem => ({
      kind: "action",
      label: LABELS[kind],
      icon: "download",
      run: () => void save(kind),
    })),
  ];
}
