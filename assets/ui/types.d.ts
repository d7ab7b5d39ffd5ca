// Written by `python -m tests.typescript` from the models of the routes; not to be changed by hand.

interface ActionRow {
  /** In which states it can be asked. */
  states: ("queued" | "starting" | "loading" | "running" | "paused" | "measuring" | "finished" | "stopped" | "diverged" | "failed" | "interrupted")[];
  /** What it does. */
  text: string;
}

interface Asked {
  /** The name of the action. */
  done: string;
  /** What the answering event will carry; empty if nothing is left to be answered. */
  id: string;
}

interface AtOnceRequest {
  cpu: number;
  cuda: number;
  mps: number;
}

interface CheckpointRequest {
  /** The step of the checkpoint. */
  step: number;
}

interface CheckpointRow {
  step: number;
  bytes: number;
  /** Test accuracy, if it was measured there. */
  accuracy: number | null;
  /** Whether there are steps to take from there. */
  left: boolean;
  newest: boolean;
  best: boolean;
  pinned: boolean;
}

interface CompareRequest {
  /** Their names. */
  runs: string[];
  /** The group that the others are compared with; empty takes the one of plain SGD. */
  reference: string;
}

interface DeletedRun {
  id: string;
  name: string;
  bytes: number;
}

interface Drawing {
  /** How much ink is where, from 0 to 1: rows of 64 numbers, from top to bottom. */
  ink: number[][];
}

interface EmptyRequest {
  /** Their names in the trash; GET /api/storage lists them. */
  runs: string[];
}

interface FigureRequest {
  /** Their names. */
  runs: string[];
  /** The number of the figure. */
  number: "1" | "2" | "3" | "4" | "5";
}

interface ForkRequest {
  /** The step of the checkpoint. */
  step: number;
  /** Names of methods, a run for each; empty keeps the run's own. */
  methods: string[];
}

interface Freed {
  /** Bytes. */
  freed: number;
}

interface Labels {
  /** What to call the run where it is shown; its folder keeps its own name. */
  name: string;
  /** Anything worth remembering. */
  note: string;
  /** Words by which runs are found again. */
  tags: string[];
  /** Whether the run is one of those that matter. */
  star: boolean;
}

interface LiveField {
  path: string;
  value: any;
  min: number | null;
  max: number | null;
  step: number | null;
  log_from: number | null;
  label: string;
  short: string;
  help: string | null;
  advanced: boolean;
  optional: boolean;
}

interface MadeFile {
  content: string;
}

interface MoveRequest {
  /** The name of the run. */
  run: string;
  /** Its position in the queue, counted from 0. */
  position: number;
}

interface NewRuns {
  runs: string[];
}

interface OneRun {
  run: string;
}

interface ParentRow {
  run: string;
  step: number;
}

interface QueueState {
  /** The names of the runs that wait, in order. */
  waiting: string[];
  /** How many runs a device of each kind trains at the same time. */
  at_once: Record<string, number>;
}

interface QueuedRun {
  /** The name of the run. */
  run: string;
}

interface Reading {
  /** Of the weights. */
  step: number;
  /** Of each class. */
  probabilities: number[];
  /** The picture that the network sees, from 0 to 255, row by row. */
  pixels: number[];
  /** Its channels, height and width. */
  shape: number[];
}

interface RunRow {
  id: string;
  /** A name that all runs share which differ in nothing but their seed. */
  group: string;
  labels: Labels;
  state: "queued" | "starting" | "loading" | "running" | "paused" | "measuring" | "finished" | "stopped" | "diverged" | "failed" | "interrupted";
  dataset: string;
  model: string;
  method: string;
  seed: number;
  train_size: number | null;
  batch_size: number;
  epochs: number;
  epoch: number;
  epochs_done: number;
  step: number;
  steps: number;
  seconds: number;
  eta: number | null;
  active: boolean;
  /** Last test accuracy, if there is one. */
  accuracy: number | null;
  parent: ParentRow | null;
  bytes: number;
  /** When the run was made, in Unix seconds. */
  created: number;
  /** Place in the queue, counted from 0. */
  position: number | null;
  /** Seconds until it is expected to begin. */
  begins: number | null;
  /** What Slurm says of its job; empty if it has none there that waits. */
  slurm: string;
}

interface RunSelection {
  /** Their names. */
  runs: string[];
}

interface Status {
  state: "queued" | "starting" | "loading" | "running" | "paused" | "measuring" | "finished" | "stopped" | "diverged" | "failed" | "interrupted";
  message: string;
  field: string;
  remedy: object;
  progress: number | null;
  step: number;
  steps: number;
  epoch: number;
  epochs: number;
  epoch_curve: [number, number][];
  seconds: number;
  eta: number | null;
  pace: number | null;
  samples: number;
  samples_per_second: number | null;
  gradient_evaluations: number;
  flops: number | null;
  streams: string;
  profile: Record<string, number>;
  anatomy: StepAnatomy | null;
  device: string;
  pid: number;
  pid_started: number;
  heartbeat: number;
  silent_since: number | null;
}

interface StepAnatomy {
  step: number;
  gradients: TakenGradient[];
  direction: number;
  moved: number;
  cosines: number[][];
}

interface Storage {
  /** Bytes free on the disk of the runs. */
  free: number;
  /** Bytes that an uploaded archive may have. */
  most_upload: number;
  trash: DeletedRun[];
}

interface TableRequest {
  /** Their names. */
  runs: string[];
  /** The group that the others are compared with; empty takes the one of plain SGD. */
  reference: string;
  /** What all have spent alike; `end` ranks each at its own end. */
  cost: "end" | "steps" | "gradients" | "seconds";
  /** Ending of the file. */
  ending: "csv" | "json" | "md" | "tex";
}

interface TakenGradient {
  perturbed: boolean;
  radius: number | null;
  length: number;
}

interface Trashed {
  /** The run's name in the trash. */
  trash: string;
}
