// OverlayChart: one metric of several groups of runs; the colour tells the method, the dash the variant of it.
import { smoothed } from "../charts/axes.js";
import { layout, shown } from "../charts/layout.js";
import { faint, plain } from "../charts/palette.js";
import { CONFIG } from "../charts/plotly.js";
import { element } from "../lib/element.js";

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const PLACES = {
  step: ({ step }) => step,
  epoch: ({ step }, { epochs }) => step.map((at) => at * epochs),
  seconds: ({ seconds }) => seconds,
  evaluations: ({ step }, { gradients }) => step.map((at) => at * gradients),
};

export class OverlayChart {
  constructor(parent, figure) {
    this.figure = figure;
    this.metric = figure.traces[0].metric;
    this.plot = /** @type {any} */ (element("div")); // to which Plotly adds what it needs
    this.frame = element("figure", { className: "rwp-chart" }, element("figcaption", {}, figure.title), this.plot);
    this.frame.dataset.figure = figure.id;
    parent.append(this.frame);
  }

  draw(lines, look) {
    const own = lines.filter(({ curves }) => curves[this.metric]);
    this.frame.classList.toggle("rwp-without-data", !own.length);
    if (!own.length) return;
    const ordered = [...own].sort((a, b) => Number(a.live) - Number(b.live)); // what is live lies on top
    const data = [...ordered.flatMap((line) => this.#band(line, look)), ...ordered.map((line) => this.#line(line, look))];
    globalThis.Plotly.react(this.plot, data, { ...layout(this.figure, { ...look, run: "compare" }), showlegend: false }, CONFIG);
  }

  #values(line, name, { weight }) {
    const values = shown(this.figure, line.curves[this.metric][name]);
    return this.figure.traces[0].smooth ? smoothed(values, weight) : values;
  }

  #line(line, look) {
    const { label, colour, variant } = look.groups.get(line.group);
    const x = PLACES[look.axis](line.curves[this.metric], line.per_step);
    return {
      uid: `${line.group}-${line.run}`, x, y: this.#values(line, "value", look), type: "scatter", mode: x.length < 2 ? "markers" : "lines",
      name: plain(line.live ? `${label}, running` : line.seeds > 1 ? `${label}, mean of ${line.seeds}` : label),
      line: { color: colour, dash: DASHES[variant % DASHES.length], width: line.live ? 3 : 2 }, hovertemplate: `%{y:.4~g}${this.figure.percent ? " %" : ""}`,
    };
  }

  // One standard deviation to either side of a mean.
  #band(line, look) {
    const curve = line.curves[this.metric];
    if (!curve.deviation) return [];
    const x = PLACES[look.axis](curve, line.per_step);
    const [y, deviation] = [this.#values(line, "value", look), this.#values(line, "deviation", look)];
    const high = y.map((value, at) => value + deviation[at]);
    const low = y.map((value, at) => value - deviation[at]);
    return [{
      uid: `band-${line.group}`, x: [...x, ...[...x].reverse()], y: [...high, ...low.reverse()], type: "scatter", mode: "lines", fill: "toself",
      fillcolor: faint(look.groups.get(line.group).colour), line: { width: 0 }, showlegend: false, hoverinfo: "skip",
    }];
  }
}
