// Store: what the page knows of the run that is shown.
import { Changes } from "./changes.js";

export class Store {
  constructor() {
    this.changes = new Changes();
    this.clear();
  }

  clear() {
    this.status = null;
    this.curves = new Map(); // metric name → {step, value, seconds}
    this.points = 0;
    this.changes.clear();
  }

  take({ reset, status, metrics, events }) {
    if (reset) this.clear();
    this.status = status;
    this.changes.take(events);
    for (const [name, { step, value, seconds }] of Object.entries(metrics)) {
      const curve = this.curves.get(name) ?? { step: [], value: [], seconds: [] };
      curve.step.push(...step);
      curve.value.push(...value);
      curve.seconds.push(...seconds);
      this.curves.set(name, curve);
      this.points = Math.max(this.points, curve.step.length);
    }
  }

  // Seconds of training until a step, told by the curve that reaches furthest.
  secondsAt(step) {
    const longest = [...this.curves.values()].reduce((one, other) => (other.step.at(-1) > (one?.step.at(-1) ?? -1) ? other : one), null);
    const at = longest ? longest.step.findLastIndex((known) => known <= step) : -1;
    return at < 0 ? 0 : longest.seconds[at];
  }

  get accuracy() {
    return this.last("test/accuracy");
  }

  last(name) {
    return this.curves.get(name)?.value.at(-1);
  }
}
