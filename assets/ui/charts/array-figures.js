// The figures of arrays: the loss against the radius of a perturbation, the density of the Hessian's eigenvalues, predictions, and a mini-batch.
import { faint, visible } from "./palette.js";
import { element } from "../lib/element.js";
import { numeral } from "../lib/format.js";
import { pictureOf } from "./picture.js";

/** @type {[string, string, string, string][]} */
const NOISES = [ // array, name, colour, dash
  ["filter", "filter", "#E69F00", "solid"],
  ["damped", "damped", "#009E73", "solid"],
  ["filter_rms", "filter-rms", "#CC79A7", "dash"],
  ["isotropic", "isotropic", "#0072B2", "dot"],
];

export const RADIUS = {
  kind: "radius", // of the event that tells of its array
  title: "Loss against the radius",
  help: "The training loss at a distance ‖ε‖₂ from the weights: under each kind of random noise (mean and one standard deviation of the draws; damped is that of ARWP), and one ascent step away as in SAM (figure 1 of the paper). The further a curve stays low, the flatter is the minimum.",
  draw(arrays) {
    const noises = NOISES.filter(([name]) => arrays[name]);
    const ascent = line(arrays.radius, arrays.ascent, "ascent", "#D55E00", "dashdot");
    const own = { ...line([arrays.radius[0], arrays.radius.at(-1)], [arrays.loss, arrays.loss], "at w", "#888888", "dash"), line: { color: "#888888", width: 1, dash: "dash" } };
    return {
      traces: [...noises.flatMap((noise) => banded(arrays, noise)), ascent, own],
      xaxis: { type: "log", exponentformat: "power", title: { text: "‖ε‖₂ (logarithmic)", font: { size: 11 } } },
      yaxis: { type: "log", exponentformat: "power", title: { text: "training loss (nats, logarithmic)", font: { size: 11 } } },
    };
  },
};

export const DENSITY = {
  kind: "density",
  title: "Density of the Hessian's eigenvalues",
  help: "How many eigenvalues of the Hessian are where, by stochastic Lanczos quadrature (Ghorbani et al. 2019), each in the form of a bell with 1 % of the range as its standard deviation. Crosses are the largest in magnitude, with their residuals. Most lie at 0; what lies far to the right is what makes a minimum sharp.",
  draw(arrays) {
    const crosses = {
      type: "scatter", mode: "markers", name: "largest", x: arrays.top, y: arrays.top.map(() => LEAST), error_x: { array: arrays.top_residual, thickness: 1 },
      text: arrays.top_residual.map((one) => numeral(one)), hovertemplate: "λ = %{x:.4~g} ± %{text}<extra></extra>", marker: { symbol: "x-thin", size: 9, line: { width: 2, color: visible("#D55E00") } },
    };
    return {
      traces: [{ ...line(arrays.places, arrays.density.map((one) => Math.max(one, LEAST)), "density", "#CC79A7", "solid"), fill: "tozeroy", fillcolor: faint("#CC79A7") }, crosses],
      xaxis: { title: { text: "eigenvalue λ", font: { size: 11 } } },
      yaxis: { type: "log", range: [Math.log10(LEAST), Math.log10(Math.max(...arrays.density)) + 0.2], exponentformat: "power", title: { text: "density (logarithmic)", font: { size: 11 } } },
    };
  },
};

export const PREDICTIONS = {
  kind: "predictions",
  title: "Predictions on the test images",
  help: "For each true class (rows) what share of its images is taken for which class (columns); off the diagonal are the mistakes. Below it the test images of largest loss, and then those of smallest: what is true, and what the network says.",
  draw({ confusion }) {
    const shares = confusion.map((row) => row.map((one) => 100 * one / Math.max(1, row.reduce((sum, other) => sum + other, 0))));
    const cells = {
      type: "heatmap", z: shares, colorscale: "Cividis", zmin: 0, zmax: 100, text: confusion, hovertemplate: "true %{y}, said %{x}: %{text} images, %{z:.1f} %<extra></extra>",
      colorbar: { ticksuffix: " %", thickness: 12, outlinewidth: 0 },
    };
    const axis = (text) => ({ title: { text, font: { size: 11 } }, dtick: confusion.length > 20 ? 10 : 1, constrain: "domain" });
    return { traces: [cells], xaxis: axis("said"), yaxis: { ...axis("true"), autorange: "reversed", scaleanchor: "x" } };
  },
  pictures({ pictures, shape, truth, answer, certainty }) {
    return (pictures ?? []).map((pixels, at) => {
      const text = `${truth[at]} read as ${answer[at]}, ${Math.round(100 * certainty[at])} % sure`;
      return element("li", { className: truth[at] === answer[at] ? "" : "rwp-mistaken" }, pictureOf(pixels, shape, text), element("span", {}, text));
    });
  },
};

export const BATCH = {
  kind: "batch", // pictures alone, and nothing to plot
  title: "The first mini-batch, as the network sees it",
  help: "Images of the first step after everything that is done to them at random: crops and flips, erased parts, mixtures. Below each its label, which label noise may have made a wrong one.",
  pictures({ pictures, shape, label, partner, share }) {
    return pictures.map((pixels, at) => {
      const text = partner ? `${Math.round(100 * share[at])} % ${label[at]}, the rest ${partner[at]}` : `${label[at]}`;
      return element("li", {}, pictureOf(pixels, shape, `label ${text}`), element("span", {}, text));
    });
  },
};

const LEAST = 1e-6; // of a density that is drawn

function line(x, y, name, colour, dash) {
  return { type: "scatter", mode: "lines", x, y, name, line: { color: visible(colour), width: 2, dash }, hovertemplate: "%{y:.4~g}" };
}

// The mean of the draws, and one standard deviation to either side of it.
function banded({ radius, ...arrays }, [name, title, colour, dash]) {
  const draws = arrays[name];
  const mean = radius.map((_, at) => average(draws.map((draw) => draw[at])));
  const deviation = radius.map((_, at) => Math.sqrt(average(draws.map((draw) => (draw[at] - mean[at]) ** 2))));
  const edge = {
    type: "scatter", mode: "lines", x: [...radius, ...radius.toReversed()], y: [...mean.map((one, at) => one + deviation[at]), ...mean.map((one, at) => Math.max(one - deviation[at], 0.01 * one)).toReversed()],
    fill: "toself", fillcolor: faint(visible(colour)), line: { width: 0 }, showlegend: false, hoverinfo: "skip",
  };
  return [edge, line(radius, mean, title, colour, dash)];
}

function average(values) {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}
