// Charts: draws those that have data and can be seen, at most four times a second.
import { LineChart } from "./line-chart.js";
import { palette } from "./palette.js";

const PAUSE = 240; // ms

export class Charts {
  constructor(parent, figures, store, toolbar) {
    this.store = store;
    this.toolbar = toolbar;
    this.run = "";
    this.timer = 0;
    this.charts = figures.map((figure) => new LineChart(parent, figure));
    const seen = new IntersectionObserver((entries) => this.#onSeen(entries), { rootMargin: "200px" });
    for (const chart of this.charts) seen.observe(chart.frame);
  }

  follow(run) {
    this.run = run;
    for (const chart of this.charts) chart.hide();
  }

  redraw() {
    for (const chart of this.charts) chart.isStale = true;
    this.#soon();
  }

  #onSeen(entries) {
    for (const entry of entries) this.charts.find((chart) => chart.frame === entry.target).isSeen = entry.isIntersecting;
    this.#soon();
  }

  #soon() {
    this.timer ||= setTimeout(() => requestAnimationFrame(() => this.#draw()), PAUSE);
  }

  #draw() {
    this.timer = 0;
    if (!this.store.status) return;
    const look = { ...this.toolbar.options, run: this.run, colours: palette() };
    for (const chart of this.charts) chart.draw(this.store, look);
  }
}
