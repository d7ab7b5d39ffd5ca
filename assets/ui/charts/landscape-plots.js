// The two pictures of a landscape. Both show log₁₀ of the loss, with the loss itself on the scale.
import { CONFIG } from "./config.js";
import { logarithmic } from "./ticks.js";
import { count } from "../lib/format.js";

const SCALE = "Cividis"; // reads the same for every kind of colour vision
const LEVELS = 24;

// `range` has the ends of log₁₀ of the loss where several pictures are to have one scale.
export function drawContour(plot, grid, { run, colours, range = null }) {
  const { z, ticks } = logarithmic(grid.loss, range ?? undefined);
  const surface = {
    type: "contour", x: grid.x, y: grid.y, z, colorscale: SCALE, ncontours: LEVELS, text: labels(grid.loss),
    contours: { coloring: "heatmap", ...(range && { start: range[0], end: range[1], size: (range[1] - range[0]) / LEVELS }) },
    ...(range && { zmin: range[0], zmax: range[1], autocontour: false }), line: { width: 0.7, color: "rgba(255,255,255,0.55)" },
    hovertemplate: "loss %{text}<extra></extra>",
    colorbar: { title: { text: "loss", side: "top", font: { size: 11 } }, thickness: 12, outlinewidth: 0, tickfont: { size: 11 }, ...ticks },
  };
  const centre = {
    type: "scatter", x: [0], y: [0], mode: "markers", hoverinfo: "skip", showlegend: false,
    marker: { symbol: "cross-thin", size: 12, line: { width: 2.5, color: "#ffffff" } },
  };
  const axis = { gridcolor: colours.grid, zeroline: false, tickfont: { size: 11 } };
  const kind = grid.explained === undefined ? "direction" : "main direction of the path";
  const side = { ...axis, constrain: "domain", range: [grid.x[0], grid.x.at(-1)] };
  return globalThis.Plotly.react(plot, [surface, ...pathOf(grid), centre], {
    ...frame(run, colours),
    margin: { l: 52, r: 8, t: 10, b: 42 },
    xaxis: { ...side, title: { text: `${kind} 1`, font: { size: 11 } } },
    yaxis: { ...side, title: { text: `${kind} 2`, font: { size: 11 } }, scaleanchor: "x" },
  }, CONFIG);
}

// Where the weights have been, as far as it is known, up to where they are.
function pathOf({ path, path_steps: steps }) {
  if (!path) return [];
  const told = [...steps.map((step) => `step ${count(step)}`), "here"];
  return [{
    type: "scatter", mode: "lines+markers", name: "path", showlegend: false, x: [...path.map(([x]) => x), 0], y: [...path.map(([, y]) => y), 0],
    text: told, hovertemplate: "%{text}<extra></extra>", line: { color: "#ffffff", width: 1.5 }, marker: { color: "#D55E00", size: 5, line: { color: "#ffffff", width: 1 } },
  }];
}

export function drawSurface(plot, grid, { run, colours, range }) {
  const { z, ticks } = logarithmic(grid.loss, range);
  const axis = { gridcolor: colours.grid, color: colours.text, tickfont: { size: 10 }, showbackground: false };
  const surface = {
    type: "surface", x: grid.x, y: grid.y, z, colorscale: SCALE, cmin: range[0], cmax: range[1], showscale: false, text: labels(grid.loss),
    hovertemplate: "loss %{text}<extra></extra>", contours: { z: { show: true, usecolormap: true, width: 1 } },
  };
  const middle = Math.floor(grid.x.length / 2);
  const centre = {
    type: "scatter3d", mode: "markers", x: [0], y: [0], z: [z[middle][middle]], hoverinfo: "skip", showlegend: false,
    marker: { symbol: "cross", size: 5, color: "#D55E00" },
  };
  return globalThis.Plotly.react(plot, [surface, centre], {
    ...frame(run, colours),
    margin: { l: 0, r: 0, t: 0, b: 0 },
    scene: {
      uirevision: run,
      camera: { eye: { x: 1.65, y: 1.65, z: 1.1 }, center: { x: 0, y: 0, z: -0.12 } },
      xaxis: { ...axis, title: { text: "direction 1" } },
      yaxis: { ...axis, title: { text: "direction 2" } },
      zaxis: { ...axis, title: { text: "loss" }, ...ticks, range },
      aspectmode: "cube",
    },
  }, CONFIG);
}

export function frame(run, colours) {
  return {
    uirevision: run,
    autosize: true, // as high as the style sheet makes it
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colours.text, family: "system-ui, sans-serif", size: 12 },
    modebar: { color: colours.faint, activecolor: colours.text, bgcolor: "rgba(0,0,0,0)" },
  };
}

function labels(loss) {
  return loss.map((row) => row.map((value) => value === null ? "not finite" : value.toPrecision(4)));
}
