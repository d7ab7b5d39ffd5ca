// Store: what the page knows of the run that is shown.
export class Store {
  constructor() {
    this.clear();
  }

  clear() {
    this.status = null;
    this.curves = new Map(); // metric name → {step, value, seconds}
    this.points = 0;
  }

  take({ reset, status, metrics }) {
    if (reset) this.clear();
    this.status = status;
    for (const [name, { step, value, seconds }] of Object.entries(metrics)) {
      const curve = this.curves.get(name) ?? { step: [], value: [], seconds: [] };
      curve.step.push(...step);
      curve.value.push(...value);
      curve.seconds.push(...seconds);
      this.curves.set(name, curve);
      this.points = Math.max(this.points, curve.step.length);
    }
  }

  last(name) {
    return this.curves.get(name)?.value.at(-1);
  }
}
