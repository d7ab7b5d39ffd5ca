// ParallelCoordinates: a line for each group through its values, coloured by accuracy; a stretch marked on an axis picks those within.
// Drawn here because Plotly's own compiles scripts while it runs, which the page does not allow.
import { numeral } from "../lib/format.js";
import { placeOf } from "./searched.js";

const [HEIGHT, TOP, SIDE] = [300, 34, 60];
const KEYS = { ArrowUp: 0.05, ArrowDown: -0.05, PageUp: 0.25, PageDown: -0.25 }; // of an axis
const NEAR = 0.03; // of its length: so near to an end of an axis the end is meant
const SCALE = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]]; // Cividis
const NAMESPACE = "http://www.w3.org/2000/svg";

export class ParallelCoordinates {
  constructor(svg) {
    this.svg = svg;
    this.marked = new Map(); // path → the stretch of its axis, from 0 to 1
    this.axes = [];
    this.lines = [];
    this.shown = null;
    this.isHeld = false;
    this.width = 0;
    new ResizeObserver(() => this.shown && svg.clientWidth !== this.width && this.draw(...this.shown)).observe(svg);
  }

  draw(rows, searched) {
    this.shown = [rows, searched];
    if (this.isHeld) return; // what is new is drawn when the axis is let go
    const focused = this.svg.contains(document.activeElement) ? document.activeElement.getAttribute("data-path") : null;
    this.width = this.svg.clientWidth;
    const known = rows.filter(({ accuracy }) => accuracy !== null);
    const accuracies = known.map(({ accuracy }) => 100 * accuracy);
    const last = { path: "accuracy", short: "test accuracy (%)", values: [Math.min(...accuracies), Math.max(...accuracies)] };
    const fields = [...searched.toReversed(), ...(last.values[0] < last.values[1] ? [last] : [])];
    const valueOf = (row, { path }) => (path === "accuracy" ? 100 * row.accuracy : row.settings[path]);
    const across = (at) => SIDE + (at * (this.width - 2 * SIDE)) / Math.max(1, fields.length - 1);
    this.axes = fields.map((field, at) => ({ field, x: across(at) }));
    this.lines = known.toSorted((a, b) => a.accuracy - b.accuracy).map((row) => {
      const places = new Map(fields.map((field) => [field.path, placed(valueOf(row, field), field)]));
      const through = fields.flatMap((field, at) => (places.get(field.path) === null ? [] : [`${across(at)},${down(places.get(field.path))}`]));
      const line = drawn("polyline", { points: through.join(" "), stroke: colour(placed(100 * row.accuracy, last) ?? 1) }, drawn("title", {}, `${row.label}: ${numeral(100 * row.accuracy)} %`));
      return { places, line };
    });
    for (const path of this.marked.keys()) if (!fields.some((field) => field.path === path)) this.marked.delete(path);
    this.svg.replaceChildren(...this.lines.map(({ line }) => line), ...this.axes.map((axis) => this.#axis(axis)));
    this.#pick();
    if (focused !== null) this.svg.querySelector(`[data-path="${CSS.escape(focused)}"]`)?.focus();
  }

  // An axis with its ends; dragged along it marks a stretch, clicked it forgets it. Keys move the lower end, with Shift the upper.
  #axis({ field, x }) {
    const [low, high] = [field.values[0], field.values.at(-1)];
    const mark = drawn("rect", { x: x - 7, width: 14, class: "rwp-parallel-mark" });
    const grip = drawn("rect", { x: x - 18, y: TOP, width: 36, height: HEIGHT - 2 * TOP, class: "rwp-parallel-grip", tabindex: 0, role: "slider", "data-path": field.path }, drawn("title", {}, `Drag along ${field.short} to pick groups; click to pick all`));
    const names = { "aria-label": `${field.short}: arrow keys move the lower end of what is picked, with Shift the upper, Escape picks all`, "aria-orientation": "vertical", "aria-valuemin": 0, "aria-valuemax": 100 };
    for (const [name, value] of Object.entries(names)) grip.setAttribute(name, String(value));
    grip.addEventListener("keydown", (pressed) => {
      if (!this.#move(field.path, pressed)) return;
      pressed.preventDefault();
      this.#tell(grip, field.path);
      this.#mark(mark, field.path);
      this.#pick();
    });
    this.#tell(grip, field.path);
    this.#mark(mark, field.path);
    grip.addEventListener("pointerdown", (pressed) => {
      grip.setPointerCapture(pressed.pointerId);
      const from = this.#place(pressed);
      this.marked.delete(field.path);
      const drag = (moved) => {
        const to = this.#place(moved);
        this.marked.set(field.path, [Math.min(from, to), Math.max(from, to)]);
        this.#mark(mark, field.path);
        this.#pick();
      };
      this.isHeld = true;
      grip.addEventListener("pointermove", drag);
      grip.addEventListener("lostpointercapture", () => this.#letGo(grip, drag), { once: true });
      this.#mark(mark, field.path);
      this.#pick();
    });
    return drawn("g", {},
      drawn("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - TOP }), mark,
      drawn("text", { x, y: 14, class: "rwp-parallel-name" }, field.short), drawn("text", { x, y: 28 }, numeral(high)), drawn("text", { x, y: HEIGHT - TOP + 16 }, numeral(low)), grip);
  }

  // Whether a key has moved an end of what is marked on an axis.
  #move(path, { key, shiftKey }) {
    const by = KEYS[key];
    if (key === "Escape") return this.marked.delete(path);
    if (!by) return false;
    const [low, high] = this.marked.get(path) ?? [0, 1];
    const moved = shiftKey ? [low, within(high + by, low, 1)] : [within(low + by, 0, high), high];
    this.marked.set(path, moved);
    return true;
  }

  #tell(grip, path) {
    const [low, high] = (this.marked.get(path) ?? [0, 1]).map((place) => Math.round(100 * place));
    grip.setAttribute("aria-valuenow", String(low));
    grip.setAttribute("aria-valuetext", low === 0 && high === 100 ? "all" : `from ${low} % to ${high} % of the axis`);
  }

  #letGo(grip, drag) {
    grip.removeEventListener("pointermove", drag);
    this.isHeld = false;
    this.draw(...this.shown);
  }

  #place(event) {
    const { top, height } = this.svg.getBoundingClientRect();
    const place = (HEIGHT - TOP - ((event.clientY - top) / height) * HEIGHT) / (HEIGHT - 2 * TOP);
    return place < NEAR ? 0 : place > 1 - NEAR ? 1 : place;
  }

  #mark(mark, path) {
    const [low, high] = this.marked.get(path) ?? [0, 0];
    mark.setAttribute("y", String(down(high)));
    mark.setAttribute("height", String(down(low) - down(high)));
  }

  #pick() {
    const isPicked = (places) => [...this.marked].every(([path, [low, high]]) => places.get(path) !== null && places.get(path) >= low && places.get(path) <= high);
    for (const { places, line } of this.lines) line.classList.toggle("rwp-parallel-out", !isPicked(places));
  }
}

function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

function placed(value, field) {
  return typeof value === "number" ? placeOf(value, field) : null;
}

function down(place) {
  return HEIGHT - TOP - place * (HEIGHT - 2 * TOP);
}

function colour(place) {
  const at = Math.min(SCALE.length - 2, Math.floor(place * (SCALE.length - 1)));
  const share = place * (SCALE.length - 1) - at;
  return `rgb(${SCALE[at].map((value, part) => Math.round(value + share * (SCALE[at + 1][part] - value))).join()})`;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}
