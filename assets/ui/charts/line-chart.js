// LineChart: draws any row of studio/charts.py. The plot is made once and keeps its zoom.
import { AXES, placeOf, smoothed } from "./axes.js";
import { layout, LEFT, RIGHT, shown } from "./layout.js";
import { marks } from "./marks.js";
import { faint, plain, visible } from "./palette.js";
import { CONFIG } from "./config.js";
import { element } from "../lib/element.js";
import { numeral } from "../lib/format.js";
import { questionMark } from "./help.js";

export class LineChart {
  constructor(parent, figure, onZoom) {
    this.figure = figure;
    this.onZoom = onZoom;
    this.isListening = false;
    this.isSeen = false;
    this.isStale = true;
    this.frame = document.createElement("figure");
    this.frame.className = "rwp-chart";
    this.frame.dataset.figure = figure.id;
    this.plot = /** @type {any} */ (document.createElement("div")); // to which Plotly adds what it needs
    this.title = element("span", {}, figure.title);
    this.words = element("p", { className: "rwp-unseen" });
    this.frame.append(element("figcaption", {}, this.title, questionMark(figure.title, figure.help)), this.plot, this.words);
    parent.append(this.frame);
    this.hide();
  }

  hide() {
    this.frame.classList.add("rwp-without-data");
    this.isStale = true;
  }

  draw(store, look) {
    const traces = this.figure.traces.filter((trace) => store.curves.has(trace.metric));
    this.frame.classList.toggle("rwp-without-data", !traces.length);
    if (!traces.length || !this.isSeen || !this.isStale) return;
    const behind = traces.flatMap((trace) => this.#band(trace, store, look));
    const data = [...behind, ...traces.flatMap((trace) => this.#own(trace, store, look))];
    this.title.textContent = behind.length ? `${this.figure.title}, behind it mean ± deviation of ${look.group.title}` : this.figure.title;
    this.words.textContent = `${this.figure.title}: ${traces.map((trace) => inWords(trace, this.figure, store)).join(", ")}`;
    globalThis.Plotly.react(this.plot, data, { ...layout(this.figure, look), ...this.#marks(data, store, look) }, CONFIG);
    if (!this.isListening) this.plot.on("plotly_relayout", () => this.onZoom());
    this.isListening = true;
    this.isStale = false;
  }

  // Where fields were changed; what is close together is drawn apart once somebody zooms in.
  #marks(data, store, { axis, colours }) {
    const [low, high] = this.#range(data);
    const pixel = (high - low) / Math.max(1, this.plot.clientWidth - LEFT - RIGHT);
    return marks(store.changes, { at: (step) => placeOf(axis, step, store), pixel, colours });
  }

  #range(data) {
    const { range, autorange } = this.plot.layout?.xaxis ?? {};
    if (range && !autorange) return range;
    const ends = data.flatMap(({ x }) => (x.length ? [x[0], x.at(-1)] : []));
    return [Math.min(...ends), Math.max(...ends)];
  }

  #own(trace, store, look) {
    const line = this.#line(trace, store.curves.get(trace.metric), store, look);
    const own = { ...line, uid: named("own", trace.metric) };
    return trace.smooth && look.weight ? [raw(line), { ...own, y: smoothed(line.y, look.weight) }] : [own];
  }

  // Mean over the seeds, and one standard deviation to either side of it, but no further than a value can be.
  #band(trace, store, look) {
    const curve = look.group?.curves.get(trace.metric);
    if (!curve) return [];
    const line = this.#line(trace, curve, store, look);
    const [y, deviation] = [line.y, shown(this.figure, curve.deviation)].map((values) => (trace.smooth ? smoothed(values, look.weight) : values));
    const [lowest, highest] = this.#limits(y, look);
    const low = y.map((value, at) => Math.max(lowest, value - deviation[at]));
    const high = y.map((value, at) => Math.min(highest, value + deviation[at]));
    const edge = {
      uid: named("band", trace.metric), x: [...line.x, ...[...line.x].reverse()], y: [...high, ...low.reverse()], type: "scatter", mode: "lines", fill: "toself",
      fillcolor: faint(line.line.color), line: { width: 0 }, legendgroup: trace.metric, showlegend: false, hoverinfo: "skip",
    };
    const mean = { ...line, uid: named("mean", trace.metric), y, mode: "lines", name: plain(`${trace.name}, mean`), opacity: 0.6, line: { ...line.line, width: 1 } };
    return [edge, mean];
  }

  // A logarithmic axis has no place for 0: there the band ends where the mean is lowest.
  #limits(y, { log }) {
    const [lowest, highest] = shown(this.figure, [this.figure.lowest, this.figure.highest]);
    return [log && this.figure.log ? Math.min(...y.filter((value) => value > 0)) : lowest, highest ?? Infinity];
  }

  // Copies, for the curves of the store grow where they are, and Plotly takes the same array for the same data.
  #line(trace, curve, store, { axis }) {
    const x = [...AXES[axis](curve, store.status)];
    return {
      x, y: [...shown(this.figure, curve.value)], type: "scatter", mode: x.length < 2 || !trace.smooth && x.length < 40 ? "lines+markers" : "lines",
      name: plain(trace.name), legendgroup: trace.metric,
      line: { color: visible(trace.colour), dash: trace.dash, width: 2 }, marker: { size: 5 },
      hovertemplate: `%{y:.4~g}${this.figure.percent ? " %" : ""}`,
    };
  }
}

// Where a curve ends, for those who do not see it.
function inWords({ name, metric }, figure, store) {
  const { step, value } = store.curves.get(metric);
  const [last] = shown(figure, [value.at(-1)]);
  return `${name} ${numeral(last)}${figure.percent ? " %" : ""} at step ${step.at(-1)}`;
}

// By which Plotly knows a trace again; it makes a class name of it.
function named(kind, metric) {
  return `${kind}-${metric.replaceAll(/\W/g, "-")}`;
}

// A curve as it was measured, faint behind its smoothed form.
function raw(line) {
  return { ...line, hovertemplate: undefined, uid: named("raw", line.legendgroup), mode: "lines", showlegend: false, hoverinfo: "skip", opacity: 0.25, line: { ...line.line, dash: "solid", width: 1 } };
}
