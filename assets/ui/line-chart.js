// LineChart: draws any figure that studio/charts declares. The plot is made once and keeps its zoom.
import { AXES, smoothed } from "./axes.js";
import { plain, visible } from "./palette.js";

const CONFIG = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };

export class LineChart {
  constructor(parent, figure) {
    this.figure = figure;
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
    globalThis.Plotly.react(this.plot, data, this.#layout(look), CONFIG);
  }

  #lines(trace, store, { weight, axis }) {
    const curve = store.curves.get(trace.metric);
    const x = AXES[axis].of(curve, store.status);
    const y = this.figure.percent ? curve.value.map((value) => value === null ? null : 100 * value) : curve.value;
    const line = {
      x, y, type: "scatter", mode: x.length < 2 || !trace.smooth && x.length < 40 ? "lines+markers" : "lines",
      name: plain(trace.name), legendgroup: trace.metric,
      line: { color: visible(trace.colour), dash: trace.dash, width: 2 }, marker: { size: 5 },
      hovertemplate: `%{y:.4~g}${this.figure.percent ? " %" : ""}`,
    };
    if (!trace.smooth || !weight) return [line];
    const raw = { ...line, mode: "lines", showlegend: false, hoverinfo: "skip", opacity: 0.25, line: { ...line.line, dash: "solid", width: 1 } };
    delete raw.hovertemplate;
    return [raw, { ...line, y: smoothed(y, weight) }];
  }

  #layout({ axis, log, run, colours }) {
    const isLog = log && this.figure.log;
    const common = { gridcolor: colours.grid, linecolor: colours.grid, zeroline: false, showline: false, automargin: true, tickfont: { size: 11 } };
    return {
      uirevision: run, // zoom and hidden traces stay as long as the run does
      height: 260,
      margin: { l: 52, r: 10, t: 12, b: 36 },
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
