// OverlayChart: one metric of several groups of runs; the colour tells the method, the dash the variant of it.
import { smoothed } from "../charts/axes.js";
import { layout, shown } from "../charts/layout.js";
import { faint, plain } from "../charts/palette.js";
import { CONFIG } from "../charts/config.js";
import { questionMark } from "../charts/help.js";
import { element } from "../lib/element.js";
import { numeral } from "../lib/format.js";

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const PLACES = {
  step: ({ step }) => step,
  epoch: ({ step }, { epochs }) => step.map((at) => at * epochs),
  seconds: ({ seconds }) => seconds,
  evaluations: ({ step }, { gradients }) => step.map((at) => at * gradients),
  samples: ({ step }, { samples }) => step.map((at) => at * samples),
};

export class OverlayChart {
  // `onPoint` is told where on the x axis the cursor is, or null when it is gone.
  constructor(parent, figure, onPoint) {
    this.figure = figure;
    this.metric = figure.traces[0].metric;
    this.onPoint = onPoint;
    this.isPointedAt = false;
    this.plot = /** @type {any} */ (element("div")); // to which Plotly adds what it needs
    this.frame = element("figure", { className: "rwp-chart" }, element("figcaption", {}, figure.title, questionMark(figure.title, figure.help)), this.plot);
    this.frame.dataset.figure = figure.id;
    parent.append(this.frame);
  }

  draw(lines, look) {
    const own = lines.filter(({ curves }) => curves[this.metric]);
    this.frame.classList.toggle("rwp-without-data", !own.length);
    if (!own.length) return;
    const ordered = [...own].sort((a, b) => Number(a.live) - Number(b.live)); // what is live lies on top
    const data = [...ordered.flatMap((line) => this.#behind(line, look)), ...ordered.flatMap((line) => this.#line(line, look))];
    globalThis.Plotly.react(this.plot, data, { ...layout(this.figure, { ...look, run: "compare" }), showlegend: false }, CONFIG);
    this.#listen();
  }

  // Show the values at a place on the x axis, as if the cursor were there; null shows none.
  point(place) {
    if (this.isPointedAt || !this.plot.data || this.frame.classList.contains("rwp-without-data")) return;
    const { Fx } = globalThis.Plotly;
    if (place === null) Fx.unhover(this.plot);
    else Fx.hover(this.plot, { xval: place }, "xy", true); // and tell nobody
  }

  #listen() {
    if (this.isListening) return;
    this.isListening = true;
    this.plot.on("plotly_hover", ({ xvals, points }) => this.#tell(xvals?.[0] ?? points[0].x));
    this.plot.on("plotly_unhover", () => this.#tell(null));
  }

  #tell(place) {
    this.isPointedAt = true;
    this.onPoint(place);
    this.isPointedAt = false;
  }

  #isSmoothed({ weight }) {
    return this.figure.traces[0].smooth && weight > 0;
  }

  #values(line, name, look) {
    const values = shown(this.figure, line.curves[this.metric][name]);
    return this.#isSmoothed(look) ? smoothed(values, look.weight) : values;
  }

  #line(line, look) {
    const { label, colour, variant } = look.groups.get(line.group);
    const [x, y] = [PLACES[look.axis](line.curves[this.metric], line.per_step), this.#values(line, "value", look)];
    const drawn = {
      uid: `${line.group}-${line.run}`, x, y, type: "scatter", mode: x.length < 2 ? "markers" : "lines",
      name: plain(line.live ? `${label}, running` : line.seeds > 1 ? `${label}, mean of ${line.seeds}` : label),
      line: { color: colour, dash: DASHES[variant % DASHES.length], width: line.live ? 3 : 2 }, hovertemplate: `%{y:.4~g}${this.figure.percent ? " %" : ""}`,
    };
    return [drawn, ...this.#changes(line, drawn, look)];
  }

  // Where a field was changed while the runs of a line trained, on the line itself.
  #changes(line, { uid, x, y }, { groups, short }) {
    const { step } = line.curves[this.metric];
    const known = line.changes.map((change) => ({ ...change, at: step.findIndex((one) => one >= change.step) })).filter(({ at }) => at >= 0);
    if (!known.length) return [];
    return [{
      uid: `changes-${uid}`, x: known.map(({ at }) => x[at]), y: known.map(({ at }) => y[at]), type: "scatter", mode: "markers", name: "",
      marker: { symbol: "triangle-up", size: 9, color: groups.get(line.group).colour, line: { width: 1, color: "#ffffff" } },
      text: known.map((change) => plain(`${short.get(change.path) ?? change.path} → ${numeral(change.new)} at step ${change.step}`)), hovertemplate: "%{text}<extra></extra>",
    }];
  }

  // What lies behind the lines: the values before they were smoothed, and one standard deviation to either side of a mean.
  #behind(line, look) {
    const curve = line.curves[this.metric];
    const x = PLACES[look.axis](curve, line.per_step);
    const { colour } = look.groups.get(line.group);
    return [...(this.#isSmoothed(look) ? [this.#raw(line, x, colour)] : []), ...(curve.deviation ? [this.#band(line, x, colour, look)] : [])];
  }

  #raw(line, x, colour) {
    return { uid: `raw-${line.group}-${line.run}`, x, y: shown(this.figure, line.curves[this.metric].value), type: "scatter", mode: "lines", line: { color: colour, width: 1 }, opacity: 0.25, showlegend: false, hoverinfo: "skip" };
  }

  #band(line, x, colour, look) {
    const [y, deviation] = [this.#values(line, "value", look), this.#values(line, "deviation", look)];
    const high = y.map((value, at) => value + deviation[at]);
    const low = y.map((value, at) => value - deviation[at]);
    return {
      uid: `band-${line.group}`, x: [...x, ...[...x].reverse()], y: [...high, ...low.reverse()], type: "scatter", mode: "lines", fill: "toself",
      fillcolor: faint(colour), line: { width: 0 }, showlegend: false, hoverinfo: "skip",
    };
  }
}
