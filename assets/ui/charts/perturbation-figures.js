// The figures of the perturbation: how large ε is in each layer, and how ARWP damps it there over time.
import { plain, visible } from "./palette.js";

const SMALL = { size: 11 };

export const PERTURBATION = {
  kind: "perturbation", // of the event that tells of its array
  title: "The perturbation, layer by layer",
  help: "On the left how often |ε| is how large in each layer, on the right ‖ε‖ and ‖w‖ of the layer. Noise by filters grows with the weights (eq. 9): ‖ε‖ / ‖w‖ is about σ √n where a filter has n weights, and less where past gradients damp it. SAM's ascent goes where the gradient is.",
  draw({ weights, epsilon, edges, histogram }, history) {
    const { layers, of } = [...history.values()].at(-1);
    const names = layers.map(plain);
    const shares = {
      type: "heatmap", x: edges, y: names, z: histogram.map((row) => row.map((one) => 100 * one)), colorscale: "Cividis", showscale: false,
      hovertemplate: "%{y}<br>10^%{x}: %{z:.1f} % of its elements<extra></extra>",
    };
    return {
      traces: [shares, norms(names, epsilon, plain(`‖ε‖, ${of}`), "#D55E00", "circle"), norms(names, weights, "‖w‖", "#0072B2", "square")],
      xaxis: { domain: [0, 0.55], title: { text: "log₁₀ |ε|", font: SMALL } },
      yaxis: { type: "category", autorange: "reversed", title: { text: "" } },
      xaxis2: { domain: [0.62, 1], anchor: "y", type: "log", exponentformat: "power", title: { text: "norm (logarithmic)", font: SMALL } },
    };
  },
};

export const DAMPING = {
  kind: "perturbation",
  id: "damping",
  isIn: ({ damping }) => Boolean(damping), // only of a method that has it
  title: "How past gradients damp the noise",
  help: "The factor 1 / (1 + ηv)^p by which ARWP makes its noise smaller (eq. 15), the mean over the filters of each layer, at every measurement. Dark layers have seen large gradients and are perturbed little; set perturbation.every to see it change.",
  draw(_, history) {
    const measured = [...history].sort(([one], [other]) => one - other);
    const names = measured[0][1].layers.map(plain);
    const factors = {
      type: "heatmap", x: measured.map(([step]) => `${step}`), y: names, z: names.map((_name, layer) => measured.map(([, { damping }]) => damping[layer])), colorscale: "Cividis", zmin: 0, zmax: 1,
      hovertemplate: "%{y}, step %{x}: %{z:.3f}<extra></extra>", colorbar: { thickness: 12, outlinewidth: 0, tickfont: SMALL },
    };
    return { traces: [factors], xaxis: { type: "category", title: { text: "step", font: SMALL } }, yaxis: { type: "category", autorange: "reversed", title: { text: "" } } };
  },
};

function norms(y, x, name, color, symbol) {
  return { type: "scatter", mode: "markers", x, y, name, xaxis: "x2", marker: { color: visible(color), symbol, size: 7 }, hovertemplate: "%{y}: %{x:.3~g}<extra></extra>" };
}
