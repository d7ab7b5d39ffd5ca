// LineChart: draws any figure that studio/charts declares. The plot is made once and keeps its zoom.
import { AXES, placeOf, smoothed } from "./axes.js";
import { marks } from "./marks.js";
import { faint, plain, visible } from "./palette.js";
import { CONFIG } from "./plotly.js";

const LEFT = 52; // px around the plot
const RIGHT = 10;

export class LineChart {
  constructor(parent, figure, onZoom) {
    Object.assign(this, { figure, onZoom, isListening: false });
    this.isSeen = false;
    this.isStale = true;
    this.frame = document.createElement("figure");
    this.frame.className = "rwp-chart";
    this.frame.dataset.figure = figure.id;
    this.plot = document.createElement("div");
    const caption = document.createElement("figcaption");
    caption.textContent = figure.title;
    this.frame.append(caption, this.plot);
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
    this.isStale = false;
    const data = traces.flatMap((trace) => this.#lines(trace, store, look));
    globalThis.Plotly.react(this.plot, data, { ...this.#layout(look), ...this.#marks(data, store, look) }, CONFIG);
    if (!this.isListening) this.plot.on("plotly_relayout", () => this.onZoom());
    this.isListening = true;
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

  #lines(trace, store, look) {
    const curve = store.curves.get(trace.metric);
    const line = this.#line(trace, curve, store, look);
    const own = trace.smooth && look.weight ? [raw(line), { ...line, y: smoothed(line.y, look.weight) }] : [line];
    const shared = look.group.get(trace.metric);
    if (!shared) return own;
    const { hovertemplate, ...alone } = own.at(-1);
    const behind = { ...alone, opacity: 0.5, line: { ...alone.line, width: 1 }, showlegend: false, hoverinfo: "skip" };
    return [behind, ...this.#band(trace, shared, store, look)];
  }

  // Mean over the seeds, and one standard deviation to either side of it.
  #band(trace, curve, store, look) {
    const mean = this.#line(trace, curve, store, look);
    const even = (values) => (trace.smooth ? smoothed(values, look.weight) : values);
    const deviation = even(this.#shown(curve.deviation));
    mean.y = even(mean.y);
    const [low, high] = [-1, 1].map((side) => mean.y.map((value, at) => value + side * deviation[at]));
    const edge = {
      x: [...mean.x, ...[...mean.x].reverse()], y: [...high, ...low.reverse()], type: "scatter", mode: "lines", fill: "toself",
      fillcolor: faint(mean.line.color), line: { width: 0 }, legendgroup: trace.metric, showlegend: false, hoverinfo: "skip",
    };
    return [edge, { ...mean, name: plain(`${trace.name}, mean`) }];
  }

  #line(trace, curve, store, { axis }) {
    const x = AXES[axis].of(curve, store.status);
    return {
      x, y: this.#shown(curve.value), type: "scatter", mode: x.length < 2 || !trace.smooth && x.length < 40 ? "lines+markers" : "lines",
      name: plain(trace.name), legendgroup: trace.metric,
      line: { color: visible(trace.colour), dash: trace.dash, width: 2 }, marker: { size: 5 },
      hovertemplate: `%{y:.4~g}${this.figure.percent ? " %" : ""}`,
    };
  }

  #shown(values) {
    return this.figure.percent ? values.map((value) => (value === null ? null : 100 * value)) : values;
  }

  #layout({ axis, log, run, colours }) {
    const isLog = log && this.figure.log;
    const common = { gridcolor: colours.grid, linecolor: colours.grid, zeroline: false, showline: false, automargin: true, tickfont: { size: 11 } };
    return {
      uirevision: run, // zoom and hidden traces stay as long as the run does
      height: 260,
      margin: { l: LEFT, r: RIGHT, t: 12, b: 36 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colours.text, family: "system-ui, sans-serif", size: 12 },
      hovermode: "x unified",
      hoverlabel: { bgcolor: colours.paper, bordercolor: colours.grid, font: { color: colours.text } },
      showlegend: this.figure.traces.length > 1,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
      modebar: { color: colours.faint, activecolor: colours.text, bgcolor: "rgba(0,0,0,0)" },
      xaxis: { ...common, title: { text: AXES[axis].title, standoff: 6, font: { size: 11 } }, uirevision: `${run} ${axis}` },
      yaxis: { ...common, title: { text: plain(this.figure.unit), standoff: 6, font: { size: 11 } }, type: isLog ? "log" : "linear", exponentformat: "power", rangemode: this.figure.from_zero ? "tozero" : "normal", uirevision: `${run} ${isLog}` },
    };
  }
}

// A curve as it was measured, faint behind its smoothed form.
function raw(line) {
  const { hovertemplate, ...rest } = line;
  return { ...rest, mode: "lines", showlegend: false, hoverinfo: "skip", opacity: 0.25, line: { ...line.line, dash: "solid", width: 1 } };
}
