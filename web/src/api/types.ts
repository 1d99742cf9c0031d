/** The records of the HTTP API, as `docs/reference/http-api.md` states them. */

export type RunState = "running" | "finished" | "failed" | "killed" | "silent";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A table cell. Non-finite numbers travel as text; a column's type tells them apart. */
export type Cell = Json;

export interface LineageAnswer {
  run: string;
  nodes: LineageNode[];
  edges: LineageEdge[];
  cut: boolean;
  took_ms: number;
  rev: number;
}

export interface LabInfo {
  name: string;
  root: string;
  version: string;
  runs: number;
  projects: number;
  rev: number;
  user: string;
}

export interface RunRow {
  id: string;
  name: string;
  project: string;
  state: RunState;
  user: string;
  host: string;
  group: string | null;
  created: number;
  ended: number | null;
  duration: number | null;
  tags: string[];
  note: string | null;
  commit: string | null;
  why: string | null;
  alerts: number;
  rev: number;
  values: Record<string, Cell>;
  /** Of numbers that an evaluation computed, by column: equal for those that measure the same. */
  kinds: Record<string, string>;
}

/** What numbers of a kind measure, and what those of a former hold-out cost. */
export interface Measure {
  text: string;
  price: string | null;
}

export interface Goal {
  metric: string;
  direction: "min" | "max";
}

export interface ProjectRow {
  name: string;
  runs: number;
  alive: number;
  failed: number;
  alerts: number;
  last_activity: number | null;
  people: string[];
  goal: Goal | null;
  spark: { metric: string; values: Extended[] } | null;
}

export interface AlertRow {
  run: string;
  name: string;
  project: string;
  level: "info" | "warning" | "error";
  title: string;
  text: string;
  time: number;
}

export interface HomeData {
  projects: ProjectRow[];
  alive: RunRow[];
  recent: RunRow[];
  alerts: AlertRow[];
  rev: number;
}

export type FieldKind = "run" | "param" | "metric" | "tag";

export interface Column {
  name: string;
  kind: FieldKind;
  type: string;
}

export interface Field extends Column {
  runs: number;
  examples: Cell[];
}

/** A part of a filter that matched nothing: how many runs match without it, and that query. */
export interface Clause {
  text: string;
  without: number;
  q: string;
}

export interface RunsPage {
  total: number;
  matched: number;
  took_ms: number;
  rev: number;
  rows: RunRow[];
  columns: Column[];
  clauses: Clause[] | null;
  measures: Record<string, Measure>;
}

export interface GroupCell {
  mean: number | null;
  std: number | null;
  low: number | null;
  high: number | null;
  n: number;
  min: number | null;
  max: number | null;
}

export interface GroupRow {
  key: Record<string, Cell>;
  n: number;
  runs: string[];
  values: Record<string, GroupCell | null>;
}

export interface GroupsPage {
  by: string[];
  total: number;
  matched: number;
  took_ms: number;
  rev: number;
  columns: Column[];
  rows: GroupRow[];
  /** By column: why its means are over numbers that do not belong together. */
  notes: Record<string, string>;
}

export interface Completion {
  insert: string;
  label: string;
  kind: string;
  detail?: string;
}

export interface Completions {
  items: Completion[];
  from: number;
  to: number;
}

export interface MetricKey {
  key: string;
  runs: number;
}

export interface SavedView {
  id: string;
  name: string;
  url: string;
  by: string;
  time: number;
  scope: "personal" | "project";
}

export type Extended = number | "NaN" | "Infinity" | "-Infinity" | null;

export interface MetricSummary {
  count: number;
  nonfinite: number;
  first: Extended;
  last: Extended;
  min: number | null;
  max: number | null;
  mean: number | null;
  first_step: number;
  last_step: number;
  min_step: number | null;
  max_step: number | null;
  last_time: number;
}

export interface ArtifactFile {
  path: string;
  object: string;
  size: number;
}

export interface ArtifactInfo {
  name: string;
  type: string;
  role: "made" | "used";
  files: ArtifactFile[];
  metadata: Record<string, Json>;
  time: number;
}

export interface Alert {
  time: number;
  title: string;
  text: string;
  level: "info" | "warning" | "error";
}

export interface Problem {
  file: string;
  offset: number;
  length: number;
  reason: string;
}

export interface MediaKey {
  key: string;
  type: MediaType;
  count: number;
  first_step: number;
  last_step: number;
}

export type MediaType =
  | "image"
  | "audio"
  | "video"
  | "table"
  | "histogram"
  | "figure"
  | "text"
  | "html";

export interface MediaItem {
  key: string;
  step: number;
  time: number;
  type: MediaType;
  object: string;
  mime: string;
  size: number;
  caption: string | null;
  detail: Record<string, Json>;
}

export interface EndInfo {
  status: string;
  duration_s: number;
  exit_code?: number | null;
  signal?: string | null;
  error?: { type: string; message: string; traceback: string } | null;
  peak_memory_bytes?: number | null;
}

/** The outcome of a re-run, in the five words of docs/explanation/reproduction.md. */
export type Outcome = "exact" | "rounding" | "noise" | "different" | "not-run";

export interface MetricCheck {
  key: string;
  original: number | null;
  rerun: number | null;
  relative: number | null;
  low: number | null;
  high: number | null;
  is_inside: boolean | null;
}

export interface Verdict {
  outcome: Outcome;
  because: string;
  metrics: number;
  points: number;
  relative: number | null;
  worst: string | null;
  differing: MetricCheck[];
  is_deterministic: boolean | null;
  replicates: number;
  predictions_equal: number | null;
  left_out: string[];
}

/** A re-run held against the run that it repeats. */
export interface Verification {
  original: string;
  rerun: string;
  verdict: Verdict;
  reruns: string[];
  files_same: number;
  files_different: string[];
  inexact: string[];
  time: number;
  by: string;
}

export interface Determinism {
  is_deterministic: boolean;
  runs: string[];
  host: string;
  relative: number | null;
  differing: string[];
  switches: string[];
  time: number;
  by: string;
}

/** The earlier run that a run comes from; `name` is null when it is not in this lab. */
export interface Origin {
  how: "rerun" | "resume" | "repeat";
  run: string;
  name: string | null;
  step: number | null;
  changed: Record<string, Json>;
}

/** An earlier run whose points up to `step` a resumed run goes on with. */
export interface Inherited {
  run: string;
  name: string;
  step: number;
}

export interface Checkpoint {
  step: number;
  time: number;
  metrics: Record<string, Extended>;
  files: number;
  size: number;
}

export interface SeenFile {
  path: string;
  /** As recorded: relative to the run's folder where it lies in it. */
  name: string;
  digest: string | null;
  size: number;
  kept: boolean;
  /** False when another process may have opened it. */
  sure: boolean;
  tracked: boolean;
  /** When it was changed last, as it was met; seconds since the epoch. */
  modified: number | null;
  reason: string;
}

export interface FileList {
  files: SeenFile[];
  omitted: number;
  /** Digest of an object that lists all of them, when they are too many. */
  listing: string | null;
}

/** `GET /api/runs/{run}/files`. */
export interface RunFiles {
  source: FileList;
  input: FileList;
  output: FileList;
}

export type LineageKind = "run" | "artifact" | "file" | "checkpoint";

export interface LineageNode {
  id: string;
  kind: LineageKind;
  name: string;
  /** Edges from the run that was asked for; negative for what was before it. */
  depth: number;
  run: string | null;
  project: string | null;
  state: RunState | null;
  created: number | null;
  deleted: boolean;
  known: boolean;
  type: string | null;
  digest: string | null;
  files: number | null;
  size: number | null;
  step: number | null;
  kept: boolean | null;
  more_up: number;
  more_down: number;
}

export interface LineageEdge {
  source: string;
  target: string;
  kind: "read" | "may-read" | "wrote" | "made" | "used" | "saved" | "resumed" | "rerun" | "repeat" | "part" | "derived";
}

/** `GET /api/runs/{run}/lineage`; the node of the run is the first. */
export interface LineageData {
  run: string;
  nodes: LineageNode[];
  edges: LineageEdge[];
  cut: boolean;
  took_ms: number;
  rev: number;
}

export interface RunDetail extends Omit<RunRow, "values"> {
  params: Record<string, Json>;
  metrics: Record<string, MetricSummary>;
  captured: Record<string, Record<string, Json>>;
  artifacts: ArtifactInfo[];
  alerts_list: Alert[];
  problems: Problem[];
  verifications: Verification[];
  determinism: Determinism | null;
  origin: Origin | null;
  inherited: Inherited[];
  checkpoints: Checkpoint[];
  media: MediaKey[];
  lost_points: number;
  lost_reasons: string[];
  seen: number;
  sealed: boolean;
  deleted: boolean;
  parent: string | null;
  sweep: string | null;
  trial: number | null;
  command: string[];
  directory: string;
  python: string;
  peira: string;
  pid: number;
  end: EndInfo | null;
  console_size: number;
}

export interface ConsoleChunk {
  text: string;
  start: number;
  end: number;
  size: number;
  live: boolean;
}

export interface ChangeHint {
  rev: number;
  runs: { id: string; project: string; rev: number }[];
  /** The list was cut: anything may have changed. */
  more?: boolean;
}

export type CompareSectionName =
  | "metrics"
  | "params"
  | "code"
  | "packages"
  | "environment"
  | "system"
  | "data"
  | "files"
  | "logs"
  | "command"
  | "notes";

/** One of the compared runs. Lists by run elsewhere are in the order of these. */
export interface CompareRun {
  id: string;
  name: string;
  project: string;
  state: RunState;
  created: number;
  duration: number | null;
  user: string;
  host: string;
  script: string;
  commit: string | null;
  is_dirty: boolean | null;
  error: string;
}

export interface CompareNumbers {
  values: Extended[];
  steps: (number | null)[];
  /** To the first run's value. */
  deltas: (number | null)[];
  /** Index of the run with the best value. */
  winner: number | null;
}

export interface CompareMetricRow {
  name: string;
  direction: "min" | "max" | null;
  direction_from: "goal" | "name" | null;
  last: CompareNumbers;
  best: CompareNumbers | null;
  /** Why the numbers measure different things; then there is no delta and no winner. */
  incomparable: string;
  counts: number[];
  nonfinite: number[];
  differs: boolean;
  is_incidental: boolean;
}

export interface CompareValueRow {
  name: string;
  values: Cell[];
  /** Whether the run has the value at all; null may be a value. */
  has: boolean[];
  differs: boolean;
  is_incidental: boolean;
  remark: string;
}

export interface CompareVersion {
  digest: string | null;
  size: number | null;
  origin: "kept" | "commit" | "recorded" | "artifact" | "console";
  reason: string;
  path: string;
  /** False when another process may have opened it. */
  is_sure: boolean;
}

export interface CompareHunk {
  old_start: number;
  old_count: number;
  new_start: number;
  new_count: number;
  heading: string;
  /** Each begins with a blank, `-`, `+` or a backslash. */
  lines: string[];
}

/** From the first run's version to the one that the runs `to` have. */
export interface CompareChange {
  to: number[];
  added: number;
  removed: number;
  hunks: CompareHunk[];
  /** Why there are no hunks. */
  reason: string;
  is_cosmetic: boolean;
}

export interface CompareFileRow {
  name: string;
  versions: (CompareVersion | null)[];
  differs: boolean;
  is_known: boolean;
  changes: CompareChange[];
  is_incidental: boolean;
  remark: string;
}

interface CompareSectionFacts {
  name: CompareSectionName;
  recorded: boolean[];
  remarks: string[];
  differing: number;
  equal: number;
  incidental: number;
  unknown: number;
}

export type CompareSection = CompareSectionFacts &
  (
    | { kind: "metrics"; rows: CompareMetricRow[] }
    | { kind: "values"; rows: CompareValueRow[] }
    | { kind: "files"; rows: CompareFileRow[] }
  );

/** `GET /api/projects/{project}/compare`. */
export interface CompareData {
  runs: CompareRun[];
  sections: CompareSection[];
  took_ms: number;
}

/** `GET /api/projects/{project}/compare/file`. */
export interface CompareFileData {
  runs: CompareRun[];
  file: CompareFileRow;
}

/** An evaluation of a run. Numbers of one `kind` may stand in one column. */
export interface EvaluationRow {
  name: string;
  step: number | null;
  time: number;
  task: string;
  rows: number;
  metrics: Record<string, Cell>;
  dataset: string | null;
  split: string | null;
  classes: number;
  kind: string;
  look: number | null;
  /** Of a hold-out: only the word of the look is known. */
  sealed: boolean;
  /** What its numbers cost, when they are of a hold-out, or of one that was unsealed. */
  price: string | null;
}

export interface EvaluationsData {
  run: string;
  evaluations: EvaluationRow[];
}

/** Cells of a confusion matrix that are not 0: places of true and predicted class, and counts. */
export interface MatrixCells {
  classes: string[];
  rows: number[];
  columns: number[];
  counts: number[];
}

export interface ClassNumbers {
  label: string;
  support: number;
  predicted: number;
  right: number;
  precision: number | null;
  recall: number | null;
  f1: number | null;
}

/** A claim that was put to a hold-out, what it cost, and the answer. */
export interface Look {
  number: number;
  claim: { threshold: number; runs: string[]; why: string };
  scope: "model" | "recipe";
  /** Probability of a false word in one direction. */
  level: number;
  word: "supported" | "refuted" | "undecided";
  half_width: number;
  examples: number;
  time: number;
  by: string;
  /** A share of right answers at least so high, or a mean absolute error at most. */
  measure: "accuracy" | "mae";
}

/** `GET /api/runs/{run}/evaluations/{name}`. */
export interface EvaluationData extends EvaluationRow {
  run: string;
  run_name: string;
  names: string[];
  steps: number[];
  /** Looks at this run's answers on a hold-out, and how many are left. */
  looks: Look[];
  looks_left: number | null;
  /** Which of the runs of these looks, or this one, had sealed rows with their labels. */
  warnings: string[];
  /** Whether the hold-out was unsealed since: `price` says by whom and why. */
  unsealed: boolean;
  matrix: MatrixCells | null;
  per_class: ClassNumbers[];
  residuals: { ids: string[]; true: Extended[]; predicted: Extended[] } | null;
  slices: string[];
  curves: string[];
  /** How samples can be shown; null when only their ids are known. */
  samples_as: "picture" | "sound" | "text" | null;
  /** Whether the labels of the data version were checked. */
  checked: boolean;
  /** The main metric without samples that are also in training; null when there are none, or nobody has checked. */
  copies: { metric: string; value: number | null; without: number | null; rows: number; copies: number } | null;
  took_ms: number;
}

export type Sample = { id: string } & Record<string, Cell>;

export interface SamplesData {
  matched: number;
  columns: string[];
  samples: Sample[];
  /** What was shown of each, where samples are texts; else empty. */
  texts: (string | null)[];
  /** Ids among these whose labels the checks of the data version found suspicious. */
  suspicious: string[];
}

export interface SliceRow {
  value: string;
  rows: number;
  right: number | null;
  low: number | null;
  high: number | null;
  loss: number | null;
}

export interface SlicesData {
  column: string;
  slices: SliceRow[];
}

export interface CurvePoints {
  x: number[];
  y: number[];
  thresholds: (number | null)[];
  area: number;
  thinned: boolean;
}

export interface ThresholdCounts {
  threshold: number;
  true_positive: number;
  false_positive: number;
  false_negative: number;
  true_negative: number;
  precision: number | null;
  recall: number | null;
  f1: number | null;
  accuracy: number;
}

export interface CurvesData {
  label: string;
  positive: number;
  negative: number;
  lowest: number;
  highest: number;
  roc: CurvePoints | null;
  precision_recall: CurvePoints | null;
  calibration: { low: number; high: number; count: number; score: number; right: number }[] | null;
  at: ThresholdCounts | null;
}

export interface PairRow {
  id: string;
  true: Cell;
  predicted: Cell;
  other: Cell;
  loss: Cell;
  other_loss: Cell;
}

export interface DifferenceData {
  other: string;
  other_name: string;
  mismatches: { effect: "block" | "note"; what: string; reason: string }[];
  matrix: MatrixCells | null;
  both: number;
  only_a: number;
  only_b: number;
  fixed: number;
  broken: number;
  both_wrong: number;
  pairs: PairRow[];
}

/** A version of a data set. */
export interface VersionRow {
  name: string;
  number: number;
  content: string;
  kind: string;
  type: string;
  rows: number;
  size: number;
  created: number;
  by: string;
  source: string;
  parent: string | null;
  transform: string | null;
  run: string | null;
  note: string;
  aliases: string[];
}

export interface DatasetsData {
  datasets: { name: string; versions: number; latest: VersionRow }[];
}

export interface SplitRow {
  name: string;
  dataset: string;
  kind: string;
  seed: number | null;
  column: string | null;
  version: string;
  /** `withheld`: rows more that a sealed hold-out keeps out. */
  parts: { name: string; rows: number; withheld: number; sealed: boolean }[];
}

export interface Finding {
  check: string;
  action: "block" | "warn" | "note";
  title: string;
  count: number;
  share: number;
  rows: string[];
  twins: string[];
  columns: string[];
  limits: string;
  /** Of labels: of each row its place, its label and the expected one; null of sealed rows. */
  detail: { places?: number[]; labels?: (string | null)[]; expected?: (string | null)[] };
}

export interface ColumnProfile {
  name: string;
  dtype: string;
  shape?: number[];
  missing?: number;
  min?: number;
  max?: number;
  mean?: number;
  std?: number;
  distinct?: number;
  /** Characters of texts. */
  length_min?: number;
  length_median?: number;
  length_max?: number;
  /** Places within a row whose value is always the same, and the value. */
  constant?: Record<string, number>;
  outliers?: number;
  /** The most frequent values of texts, or of few numbers. */
  common?: Record<string, number>;
}

/** What a version holds, in numbers. Members that say nothing are left out. */
export interface Profile {
  rows: number;
  columns: ColumnProfile[];
  classes?: Record<string, number>;
  duplicates?: number;
  sizes?: Record<string, number>;
}

/** `GET /api/datasets/{name}/{number}`. */
export interface VersionData extends VersionRow {
  label: string | null;
  reference: string | null;
  columns: { name: string; dtype: string; shape: number[] }[];
  splits: SplitRow[];
  made_by: { name: string; code: string | null; params: Record<string, Cell> } | null;
  children: VersionRow[];
  users: { run: string; name: string; project: string; role: string; ref: string; created: number }[];
  checks: { split: string | null; findings: Finding[] | null }[];
  profile: Profile | null;
  pictures: boolean;
  /** The version that it was made from and that shows the same rows, when this one shows none. */
  pictures_of: string | null;
  /** Columns that are the pixels of a square picture, line by line. */
  pixels: { columns: string[]; side: number; low: number; high: number } | null;
}

/** Lists hold the first 100, counts are of all. */
export interface DataChanges {
  added: number;
  removed: number;
  changed: number;
  same: number;
  first_added: string[];
  first_removed: string[];
  first_changed: string[];
}

export interface DataScoreChange {
  params: Record<string, Cell>;
  metric: string;
  /** null is NaN. */
  before: number | null;
  after: number | null;
  runs_before: string[];
  runs_after: string[];
  code_differs: boolean;
  /** What the numbers measure, when they do not all measure the same. */
  incomparable: string;
}

/** `GET /api/datasets/{name}/{number}/diff`: what changed from another version to this one. */
export interface DataDiffData {
  before: VersionRow;
  after: VersionRow;
  diff: {
    files: DataChanges | null;
    rows: DataChanges | null;
    order_changed: boolean;
    labels: { id: string; before: string; after: string }[];
    label_changes: number;
    classes: Record<string, [number, number]>;
    columns: { name: string; before: ColumnProfile | null; after: ColumnProfile | null }[];
    scores: DataScoreChange[];
    /** Finished runs that used only the one, and only the other. */
    runs: [number, number];
  };
  runs: Record<string, { name: string; project: string }>;
}

/** `GET /api/datasets/{name}`. */
export interface DatasetData {
  name: string;
  versions: VersionRow[];
}

export interface DataSamplesData {
  matched: number;
  columns: string[];
  label: string | null;
  samples: Sample[];
}

/** What runs are judged by on the Explore and Sweep screens. */
export interface ObjectiveData {
  name: string;
  direction: "min" | "max" | null;
}

export interface ParamImportance {
  name: string;
  importance: number;
  low: number;
  high: number;
  /** It is more than shuffled values bring about. */
  clear: boolean;
  missing: number;
}

export interface FindingData {
  /** As a person says it: `kernel_size 5`. */
  what: string;
  query: string;
  best_with: number;
  best: number;
  all_with: number;
  runs: number;
}

/** Which params decided who is among the best, and the sentence that says it. */
export interface ImportanceData {
  objective: ObjectiveData | null;
  params: ParamImportance[];
  runs: number;
  best: number;
  left_out: number;
  /** Why nothing is said, when nothing is. */
  remark: string;
  sentence: string;
  findings: FindingData[];
  took_ms: number;
  /** Why values of the objective should not be held against each other, when they should not. */
  note: string;
}

export type TrialState = "running" | "complete" | "pruned" | "failed" | "nan" | "killed" | "reused";
export type SweepState = "running" | "paused" | "stopped" | "finished" | "waiting";

export interface BestTrial {
  trial: number;
  values: number[];
  params: Record<string, Cell>;
  run: string | null;
}

export interface SweepRow {
  id: string;
  name: string;
  project: string;
  created: number;
  by: string;
  why: string | null;
  state: SweepState;
  /** The trial of another sweep that is run on fresh seeds. */
  confirms: { sweep: string; trial: number } | null;
  what: string;
  space: string[];
  where: string[];
  objectives: { name: string; direction: "min" | "max" }[];
  sampler: string;
  pruner: string;
  trials: number | null;
  counts: Record<TrialState, number>;
  done: number;
  best: BestTrial | null;
  /** So many trials no other beats in all objectives; 0 with one objective. */
  front: number;
  budget_s: number | null;
  worked_s: number;
  last: number;
  workers: number;
}

export interface SweepsData {
  sweeps: SweepRow[];
  rev: number;
}

/** The trials by number, in columns of equal length. */
export interface TrialColumns {
  number: number[];
  attempt: number[];
  state: TrialState[];
  source: string[];
  run: (string | null)[];
  values: Cell[][];
  params: Record<string, Cell[]>;
  started: number[];
  ended: (number | null)[];
  took_s: (number | null)[];
  ask_s: (number | null)[];
  reason: string[];
  steps: number[];
  best_so_far: Cell[];
}

export interface ExpectedBest {
  counts: number[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

export interface WinnerData {
  trial: number;
  run: string | null;
  raw: number;
  corrected: number | null;
  /** At least this good, in 95 of 100 sweeps. */
  bound: number | null;
  trials: number;
  examples: number;
  remark: string;
  /** What runs of its params on fresh seeds gave. */
  confirmed: { sweep: string; name: string; trial: number; runs: number; varied: boolean; mean: number | null; low: number | null; high: number | null; failed: number }[];
}

export interface SweepData {
  sweep: SweepRow;
  front: BestTrial[];
  trials: TrialColumns;
  expected: ExpectedBest | null;
  clock: { training_s: number; sampler_s: number; other_s: number; ask_s: number | null };
  winner: WinnerData | null;
  command: string | null;
  query: string;
  hosts: string[];
  took_ms: number;
  rev: number;
}
