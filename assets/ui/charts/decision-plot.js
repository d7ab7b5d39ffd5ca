// The decision boundary of a network of points in the plane: what it answers where, and the points that it learns from.
import { CONFIG } from "./config.js";
import { frame } from "./landscape-plots.js";

const CLASSES = [{ name: "class 0", color: "#0072B2", symbol: "circle" }, { name: "class 1", color: "#D55E00", symbol: "square" }];
const SCALE = [[0, "#9ecae1"], [0.5, "#f7f7f7"], [1, "#fdae6b"]];

export function drawDecision(plot, { plane, decision }, { run, colours, points }) {
  const answers = {
    type: "contour", x: plane, y: plane, z: decision, colorscale: SCALE, zmin: 0, zmax: 1, autocontour: false,
    contours: { coloring: "heatmap", start: 0.5, end: 0.5, size: 1 }, line: { width: 2.5, color: "#222222" },
    hovertemplate: "class 1: %{z:.2f}<extra></extra>",
    colorbar: { title: { text: "p(class 1)", side: "top", font: { size: 11 } }, thickness: 12, outlinewidth: 0, tickfont: { size: 11 } },
  };
  const axis = { gridcolor: colours.grid, zeroline: false, tickfont: { size: 11 } };
  return globalThis.Plotly.react(plot, [answers, ...(points ? CLASSES.map((one, label) => cloud(one, label, points)) : [])], {
    ...frame(run, colours),
    margin: { l: 52, r: 8, t: 10, b: 42 },
    xaxis: { ...axis, title: { text: "x₁", font: { size: 11 } }, constrain: "domain", range: [plane[0], plane.at(-1)] },
    yaxis: { ...axis, title: { text: "x₂", font: { size: 11 } }, scaleanchor: "x", constrain: "domain", range: [plane[0], plane.at(-1)] },
  }, CONFIG);
}

// The points of one class, as they are labelled.
function cloud({ name, color, symbol }, label, { x, y, label: labels }) {
  const own = (values) => values.filter((_, at) => labels[at] === label);
  return {
    type: "scatter", mode: "markers", name, x: own(x), y: own(y), hoverinfo: "name", showlegend: false,
    marker: { color, symbol, size: 5, line: { width: 0.5, color: "#ffffff" } },
  };
}
