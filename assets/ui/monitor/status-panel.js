// StatusPanel: where the run stands, in numbers.
import { count, duration, numeral, percent, uncertain } from "../lib/format.js";
import { BROKEN } from "./states.js";

/** @type {[string, (known: {status: Status, last: (metric: string) => number}) => string][]} */
const TILES = [
  ["Test accuracy", ({ last }) => percent(last("test/accuracy"))],
  ["Gap, points", ({ last }) => points(last("train_eval/accuracy") - last("test/accuracy"))],
  ["Time left", ({ status }) => duration(status.eta)],
  ["Epoch", ({ status }) => `${count(status.epoch)} / ${count(status.epochs)}`],
  ["Step", ({ status }) => `${count(status.step)} / ${count(status.steps)}`],
  ["Elapsed", ({ status }) => duration(status.seconds)],
  ["Samples/s", ({ status }) => count(status.samples_per_second)],
  ["Gradient evals", ({ status }) => count(status.gradient_evaluations)],
];
const FIRST = 4; // of them stand before the gauges, and are shown to a room
/** @type {[string, string, string?][]} */
const GAUGES = [ // shown once they have been measured: title, metric, its standard error
  ["Rise, fixed noise", "flatness/noise", "flatness/noise_error"],
  ["Rise, own noise", "flatness/own_noise", "flatness/own_noise_error"],
  ["Rise, worst ε", "flatness/worst"],
  ["λ₁", "sharpness/lambda_1"],
  ["tr H", "flatness/trace", "flatness/trace_error"],
];

export class StatusPanel {
  constructor(find) {
    this.badge = find("badge");
    this.message = find("message");
    this.progress = find("progress");
    this.streams = find("streams");
    const add = (title) => addTile(find("tiles"), title);
    const first = TILES.slice(0, FIRST).map(([title]) => add(title));
    this.gauges = GAUGES.map(([title]) => add(title));
    this.values = [...first, ...TILES.slice(FIRST).map(([title]) => add(title))];
    for (const value of this.values.slice(FIRST)) value.parentElement.dataset.detail = "";
    this.follow();
  }

  follow() {
    this.badge.dataset.state = "";
    this.#set(this.badge, "");
    this.#set(this.message, "");
    this.streams.hidden = true;
    this.progress.value = 0;
    for (const value of this.values) this.#set(value, "–");
    for (const gauge of this.gauges) gauge.parentElement.hidden = true;
  }

  draw(store) {
    const { status } = store;
    this.badge.dataset.state = status.state;
    this.#set(this.badge, status.state);
    this.#set(this.message, BROKEN.includes(status.state) || status.field ? "" : status.message); // a trouble has a place of its own
    this.streams.hidden = !/parallel|CUDA graph/.test(status.streams);
    this.#set(this.streams, `${status.streams.includes("parallel") ? "Two gradients per step," : "Gradients"} ${status.streams}.`);
    this.progress.value = status.progress ?? (status.steps ? status.step / status.steps : 0);
    TILES.forEach(([, text], at) => this.#set(this.values[at], text({ status, last: (name) => store.last(name) })));
    GAUGES.forEach(([, metric, error], at) => this.#gauge(this.gauges[at], store.last(metric), error && store.last(error)));
  }

  #gauge(gauge, value, error) {
    gauge.parentElement.hidden = value === undefined || value === null;
    if (!gauge.parentElement.hidden) this.#set(gauge, error ? uncertain(value, error) : numeral(value));
  }

  #set(element, text) {
    if (element.textContent !== text) element.textContent = text; // so that screen readers hear only changes
  }
}

function points(fraction) {
  return Number.isFinite(fraction) ? `${fraction < 0 ? "−" : ""}${Math.abs(100 * fraction).toFixed(1)}` : "–";
}

function addTile(list, title) {
  const tile = document.createElement("div");
  const term = document.createElement("dt");
  const value = document.createElement("dd");
  term.textContent = title;
  tile.append(term, value);
  list.append(tile);
  return value;
}
