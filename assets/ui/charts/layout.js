// Layout: how Plotly sets out any chart of ours.
import { TITLES } from "./axes.js";
import { plain } from "./palette.js";

export const LEFT = 52; // px around the plot
export const RIGHT = 10;

// Values as a figure shows them.
export function shown(figure, values) {
  return figure.percent ? values.map((value) => (value === null ? null : 100 * value)) : values;
}

export function layout(figure, { axis, log, run, colours }) {
  const isLog = log && figure.log;
  const common = { gridcolor: colours.grid, linecolor: colours.grid, zeroline: false, showline: false, automargin: true, tickfont: { size: 11 } };
  return {
    uirevision: run, // zoom and hidden traces stay as long as the run does
    autosize: true, // as high as the style sheet makes it
    margin: { l: LEFT, r: RIGHT, t: 12, b: 36 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colours.text, family: "system-ui, sans-serif", size: 12 },
    hovermode: "x unified",
    hoverlabel: { bgcolor: colours.paper, bordercolor: colours.grid, font: { color: colours.text } },
    showlegend: figure.traces.length > 1,
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
    modebar: { color: colours.faint, activecolor: colours.text, bgcolor: "rgba(0,0,0,0)" },
    xaxis: { ...common, title: { text: TITLES[axis], standoff: 6, font: { size: 11 } }, uirevision: `${run} ${axis}` },
    yaxis: { ...common, title: { text: plain(figure.unit), standoff: 6, font: { size: 11 } }, type: isLog ? "log" : "linear", exponentformat: "power", rangemode: figure.from_zero ? "tozero" : "normal", uirevision: `${run} ${isLog}` },
  };
}
