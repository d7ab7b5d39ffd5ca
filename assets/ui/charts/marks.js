// Marks: where on a chart a field was changed, and from what to what. Those that would touch each other become one band.
import { numeral } from "../lib/format.js";
import { faint, plain } from "./palette.js";

const NEAR = 13; // px: the width of a label that stands upright
const LINES = 8;

// Shapes and annotations for `changes`; `at` gives the place of a step on an axis of which one pixel shows `pixel`.
export function marks(changes, { at, pixel, colours }) {
  const groups = together(changes.list, at, NEAR * pixel);
  return { shapes: groups.map((group) => band(group, colours)), annotations: groups.map((group) => label(group, changes, colours)) };
}

function together(list, at, near) {
  const groups = [];
  for (const change of [...list].sort((one, other) => one.step - other.step)) {
    const x = at(change.step);
    const last = groups.at(-1);
    if (last && x - last.to < near) {
      last.to = x;
      last.changes.push(change);
    } else groups.push({ from: x, to: x, changes: [change] });
  }
  return groups;
}

function band({ from, to }, colours) {
  return { type: "rect", x0: from, x1: to, yref: "paper", y0: 0, y1: 1, layer: "below", fillcolor: faint(colours.faint), line: { color: colours.faint, width: 1 }, opacity: 0.6 };
}

function label({ to, changes }, names, colours) {
  const paths = [...new Set(changes.map(({ path }) => path))];
  const text = paths.map((path) => `${names.short(path)} ${turns(changes.filter((change) => change.path === path))}`);
  const lines = changes.slice(-LINES).map(({ step, path, old, new: now }) => `step ${step}: ${names.short(path)} ${numeral(old)} → ${numeral(now)}`);
  return {
    text: plain(text.length > 2 ? `${text.length} changes` : text.join(", ")), hovertext: lines.map(plain).join("<br>"), x: to, y: 1, yref: "paper",
    xanchor: "left", yanchor: "top", textangle: -90, showarrow: false, borderpad: 0, font: { size: 10, color: colours.faint }, bgcolor: `${colours.paper}d0`, // so that a curve behind it does not cross it out
  };
}

function turns(changes) {
  const values = [changes[0].old, ...changes.map(({ new: now }) => now)].map(numeral);
  return (values.length > 3 ? [values[0], "…", values.at(-1)] : values).join(" → ");
}
