// ArrayCharts: what probes measure as arrays, the newest of each kind; a chart is there once there is something to draw.
import { CONFIG } from "./config.js";
import { BATCH, DENSITY, PREDICTIONS, RADIUS } from "./array-figures.js";
import { DAMPING, PERTURBATION } from "./perturbation-figures.js";
import { questionMark } from "./help.js";
import { layout } from "./layout.js";
import { palette } from "./palette.js";
import { withPlotly } from "./plotly.js";
import { element } from "../lib/element.js";
import { learn } from "../lib/fetch-json.js";
import { count } from "../lib/format.js";

export class ArrayCharts {
  constructor(parent) {
    this.charts = [RADIUS, PERTURBATION, DAMPING, DENSITY, PREDICTIONS, BATCH].map((figure) => new ArrayChart(parent, figure));
    this.follow("");
  }

  follow(run) {
    for (const chart of this.charts) chart.follow(run);
  }

  take({ reset, events }) {
    for (const chart of this.charts) {
      if (reset) chart.history.clear(); // a step that is taken again may be measured anew
      chart.take(events.filter(({ kind, data }) => kind === chart.figure.kind && data.array && (chart.figure.isIn?.(data) ?? true)));
    }
  }

  redraw() {
    for (const chart of this.charts) chart.draw();
  }
}

class ArrayChart {
  constructor(parent, figure) {
    this.figure = figure;
    this.title = element("span");
    this.plot = element("div", { hidden: !figure.draw });
    this.beside = element("ul", { className: "rwp-pictures", hidden: true });
    this.frame = element("figure", { className: "rwp-chart" }, element("figcaption", {}, this.title, questionMark(figure.title, figure.help)), this.plot, this.beside);
    this.frame.dataset.figure = `${figure.id ?? figure.kind}-array`; // the name of its picture
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.draw()).observe(this.frame);
    parent.append(this.frame);
  }

  follow(run) {
    this.run = run;
    this.arrays = null;
    this.history = new Map(); // step → what was said of the measurement there
    this.wanted = null; // the event whose arrays are to be shown
    this.frame.classList.add("rwp-without-data");
  }

  take(events) {
    for (const { step, data } of events) this.history.set(step, data);
    if (events.length) this.#load(events.at(-1));
  }

  async #load(event) {
    const { run } = this;
    const { step, data } = event;
    this.wanted = event;
    const found = await learn(`/api/runs/${encodeURIComponent(run)}/arrays/${encodeURIComponent(data.array)}`);
    if (!found || run !== this.run || event !== this.wanted) return; // there is a newer one
    this.arrays = found;
    this.title.textContent = `${this.figure.title}, step ${count(step)}`;
    this.frame.classList.remove("rwp-without-data");
    const pictures = this.figure.pictures?.(found) ?? [];
    this.beside.hidden = !pictures.length;
    this.beside.replaceChildren(...pictures);
    this.draw();
  }

  async draw() {
    if (!this.arrays || !this.figure.draw || !this.frame.checkVisibility()) return;
    await withPlotly();
    if (!this.arrays) return;
    const { traces, ...own } = this.figure.draw(this.arrays, this.history);
    const base = layout({ unit: "", traces }, { axis: "step", log: false, run: `${this.run} ${this.figure.kind}`, colours: palette() });
    const axes = Object.fromEntries(Object.entries(own).map(([name, axis]) => [name, { ...(name.startsWith("x") ? base.xaxis : base.yaxis), ...axis }]));
    globalThis.Plotly.react(this.plot, traces, { ...base, hovermode: "closest", ...axes }, CONFIG);
  }
}
