// Charts: draws those that have data and can be seen, at most four times a second and in a tenth of the time,
// because the training may be on the same machine.
import { LineChart } from "./line-chart.js";
import { palette } from "./palette.js";
import { withPlotly } from "./plotly.js";
import { nextFrame } from "../lib/next-frame.js";

const PAUSE = 240; // ms
const SHARE = 10;
const FRAME = 50; // ms of drawing after which the page is painted
const HURRY = 3; // drawings without a pause after a knob was turned: its mark, and the first steps after it

export class Charts {
  // What is on stage stands in `stage`, the others in `parent`.
  constructor(parent, stage, figures, { store, group, toolbar }) {
    this.store = store;
    this.group = group;
    this.toolbar = toolbar;
    this.run = "";
    this.timer = 0;
    this.pause = 0;
    this.hurries = 0;
    this.isDrawing = this.isWanted = false; // whether to draw again once all are drawn
    this.charts = figures.map((figure) => new LineChart(figure.on_stage ? stage : parent, figure, () => this.draw()));
    const seen = new IntersectionObserver((entries) => this.#onSeen(entries), { rootMargin: "200px" });
    for (const chart of this.charts) seen.observe(chart.frame);
  }

  follow(run) {
    this.run = run;
    this.pause = 0; // somebody waits for the first curve
    for (const chart of this.charts) chart.hide();
  }

  // Somebody turned a knob and waits for the answer.
  take({ events }) {
    if (events.some(({ kind }) => kind === "changed")) this.#hurry();
  }

  draw() {
    for (const chart of this.charts) chart.isStale = true;
    this.#soon();
  }

  #hurry() {
    this.hurries = HURRY;
    this.#atOnce();
  }

  #atOnce() {
    clearTimeout(this.timer);
    this.timer = this.pause = 0;
    this.#soon();
  }

  #onSeen(entries) {
    for (const entry of entries) this.charts.find((chart) => chart.frame === entry.target).isSeen = entry.isIntersecting;
    if (entries.some(({ isIntersecting }) => isIntersecting)) this.#atOnce(); // somebody looks at it
  }

  #soon() {
    this.timer ||= setTimeout(() => requestAnimationFrame(() => this.#draw()), this.pause);
  }

  // Whatever becomes of one chart, the others are drawn; it stays stale and is tried again with what comes next.
  #drawOne(chart, look) {
    try {
      chart.draw(this.store, look);
    } catch (error) {
      reportError(error);
    }
  }

  async #draw() {
    this.timer = 0;
    if (!this.store.status) return;
    if (this.isDrawing) {
      this.isWanted = true;
      return;
    }
    this.isDrawing = true;
    await withPlotly();
    const took = await this.#drawAll().finally(() => (this.isDrawing = false));
    this.hurries = Math.max(0, this.hurries - 1);
    this.pause = this.hurries ? 0 : Math.max(PAUSE, SHARE * took);
    if (this.isWanted) this.#soon();
    this.isWanted = false;
  }

  // Gives the ms that it took; the page is painted after every chart that takes long.
  async #drawAll() {
    const look = { ...this.toolbar.options, run: this.run, colours: palette(), group: this.group.isShown ? this.group : null };
    let [took, sinceFrame] = [0, 0];
    for (const chart of this.charts) {
      const began = performance.now();
      this.#drawOne(chart, look);
      took += performance.now() - began;
      sinceFrame += performance.now() - began;
      if (sinceFrame < FRAME) continue;
      sinceFrame = 0;
      await nextFrame();
      if (look.run !== this.run) break; // another one is shown meanwhile
    }
    return took;
  }
}
