// What the scripts find in the page without importing it.
declare var Plotly: any;

interface DocumentEventMap {
  "rwp:unknown": CustomEvent<string>;
  "rwp:started": CustomEvent<string>;
}

/** What the stream of a run brings: all of it (`reset`), or what is new. */
interface Message {
  reset: boolean;
  status: Status;
  metrics: Record<string, Curve>;
  events: RunEvent[];
  folder: string;
}

interface Curve {
  step: number[];
  value: (number | null)[];
  seconds: number[];
}

interface RunEvent {
  step: number;
  time: number;
  kind: string;
  data: Record<string, any>;
}

/** What is known of the run that is shown. */
interface Known {
  status: Status | null;
  curves: Map<string, Curve>;
  accuracy: number | null;
}

/** A part of the monitor. */
interface Panel {
  /** Another run is shown from now on; "" is none. */
  follow?(run: string): void;
  /** There is news of the run. */
  take?(message: Message): void;
  /** Show what is known now. */
  draw?(known: Known): void;
}
