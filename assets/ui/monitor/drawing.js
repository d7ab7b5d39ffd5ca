// Drawing: somebody draws a digit, and the network of the run that is shown says what it reads, stroke by stroke.
import { postJson } from "../lib/fetch-json.js";
import { count } from "../lib/format.js";
import { element } from "../lib/element.js";
import { pictureOf } from "../charts/picture.js";

const SIDE = 64; // numbers in a row of what is sent
const PEN = 0.08; // width of a stroke, as a share of the side
const STEP = 1 / 16; // how far an arrow key moves the pen

export class Drawing {
  // `isOffered` says whether the data of the run that is shown are drawings.
  constructor(find, isOffered) {
    this.isOffered = isOffered;
    this.frame = find("drawing");
    this.canvas = find("drawing-canvas");
    this.said = find("drawing-said");
    this.bars = find("drawing-bars");
    this.seen = find("drawing-seen");
    this.brush = this.canvas.getContext("2d", { willReadFrequently: true });
    find("drawing-clear").addEventListener("click", () => this.#clear());
    this.canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.isDown && this.#to(this.#placeOf(event)));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => (this.isDown = false));
    this.canvas.addEventListener("keydown", (event) => this.#onKey(event));
    this.follow("");
  }

  follow(run) {
    this.run = run;
    this.step = null; // of the weights that have answered
    this.#clear();
  }

  draw() {
    this.frame.hidden = !this.run || !this.isOffered();
  }

  // There are newer weights: what do they say?
  take({ events }) {
    if (this.isInked && this.frame.open && events.some(({ kind }) => kind === "checkpoint")) this.#ask();
  }

  #clear() {
    this.place = [0.5, 0.2];
    this.isDown = this.isPenDown = this.isInked = false;
    this.brush.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.bars.replaceChildren();
    this.seen.replaceChildren();
    this.said.textContent = "Draw a digit with mouse, pen or finger; or go with the arrow keys, and set the pen down and up with the space bar.";
  }

  #placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  #begin(event) {
    event.preventDefault();
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    this.isDown = true;
    this.place = this.#placeOf(event);
    this.#to(this.place);
  }

  #onKey(event) {
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (event.key === " ") this.isPenDown = !this.isPenDown;
    else if (!way) return;
    event.preventDefault();
    const [x, y] = this.place.map((at, side) => Math.min(1, Math.max(0, at + (way?.[side] ?? 0))));
    if (this.isPenDown) this.#to([x, y]);
    else this.place = [x, y];
    if (!this.isInked || !this.isPenDown) this.said.textContent = `Pen ${this.isPenDown ? "down" : "up"}, ${Math.round(100 * x)} % across, ${Math.round(100 * y)} % down.`;
  }

  #to(place) {
    const { width, height } = this.canvas;
    Object.assign(this.brush, { lineWidth: PEN * width, lineCap: "round", lineJoin: "round", strokeStyle: "#000000" });
    this.brush.beginPath();
    for (const [at, [x, y]] of [this.place, place].entries()) this.brush[at ? "lineTo" : "moveTo"](x * width, y * height);
    this.brush.stroke();
    this.place = place;
    this.isInked = true;
    this.#ask();
  }

  // One question at a time, and after it the newest.
  async #ask() {
    this.isStale = true;
    if (this.isAsking) return;
    this.isAsking = true;
    while (this.isStale && this.isInked) {
      this.isStale = false;
      await this.#askOnce();
    }
    this.isAsking = false;
  }

  async #askOnce() {
    const { run } = this;
    try {
      const found = await postJson(`/api/runs/${encodeURIComponent(run)}/read`, { ink: inkOf(this.brush, this.canvas) });
      if (run === this.run && this.isInked) this.#show(found);
    } catch (error) {
      if (run === this.run) this.said.textContent = error.message;
    }
  }

  #show({ step, probabilities, pixels, shape }) {
    const best = probabilities.indexOf(Math.max(...probabilities));
    this.said.textContent = `Read as ${best}, ${Math.round(100 * probabilities[best])} % sure, with the weights of step ${count(step)}.`;
    this.seen.replaceChildren(pictureOf(pixels, shape, "The picture that the network sees"));
    this.bars.replaceChildren(...probabilities.map((one, digit) => element("li", { className: digit === best ? "rwp-best" : "" },
      `${digit}`, element("meter", { min: 0, max: 1, value: one, ariaLabel: `probability of ${digit}` }), `${Math.round(100 * one)} %`)));
  }
}

// How much ink is in each of 64 × 64 cells, from 0 to 1.
function inkOf(brush, { width, height }) {
  const { data } = brush.getImageData(0, 0, width, height);
  const [wide, high] = [width / SIDE, height / SIDE];
  const inCell = (row, column) => {
    let sum = 0;
    for (let y = row * high; y < (row + 1) * high; y += 1) for (let x = column * wide; x < (column + 1) * wide; x += 1) sum += data[4 * (y * width + x) + 3];
    return Math.round(100 * sum / (255 * wide * high)) / 100;
  };
  return Array.from({ length: SIDE }, (_row, row) => Array.from({ length: SIDE }, (_column, column) => inCell(row, column)));
}
