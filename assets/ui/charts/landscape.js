// Landscape: the loss on a plane through the weights, as contours and as a surface, in frames from the start of a run to its end.
import { count } from "../lib/format.js";
import { learn } from "../lib/fetch-json.js";
import { Hold } from "../lib/hold.js";
import { nextFrame } from "../lib/next-frame.js";
import { drawDecision } from "./decision-plot.js";
import { drawContour, drawSurface } from "./landscape-plots.js";
import { palette } from "./palette.js";
import { withPlotly } from "./plotly.js";
import { rangeOf } from "./ticks.js";

const KINDS = ["frame", "landscape"]; // those while it trains, and those that were asked for
const SHARE = 10; // drawing takes at most a tenth of the time
const MOST = 2000; // ms between two drawings
const VISIBLE = 0.05; // of the way from the middle to the edge
const CURVES = 10; // frames that are left to the curves of a run before its first surface, which is dear
const PLAYING = 250; // ms for each frame

export class Landscape {
  constructor(find) {
    this.section = find("landscape");
    this.caption = find("landscape-caption");
    this.contour = find("contour");
    this.surface = find("surface");
    this.film = find("film");
    this.slider = find("film-at");
    this.step = find("film-step");
    this.play = find("film-play");
    this.slider.addEventListener("input", () => this.#turn(Number(this.slider.value)));
    this.play.addEventListener("click", () => (this.playing ? this.#stop() : this.#start()));
    this.isSeen = false;
    this.isStale = false;
    this.hold = new Hold(this.surface, () => this.isStale && this.redraw()); // a surface drawn anew forgets how far it is turned
    new IntersectionObserver(([entry]) => this.#onSeen(entry.isIntersecting)).observe(this.section);
    this.follow("");
  }

  follow(run) {
    this.run = run;
    this.measured = new Map(); // array name → newest event about it
    this.grids = new Map(); // array name → what was measured, with how many points
    this.points = null; // those that are learned, of a dataset in the plane
    this.name = ""; // of the frame that is wanted
    this.grid = null; // the one that is shown
    this.isFollowing = true; // whether the newest is shown
    this.pause = 0;
    this.isDrawn = false;
    this.#stop();
    this.section.hidden = true;
  }

  take({ reset, events }) {
    if (reset) for (const known of [this.measured, this.grids]) known.clear(); // a step that is taken again may be measured anew
    const news = events.filter(({ kind }) => KINDS.includes(kind));
    for (const event of news) this.measured.set(event.data.array, event);
    if (news.length) this.#offer();
    const cloud = events.find(({ kind }) => kind === "points");
    if (cloud && !this.points) this.#learnPoints(cloud);
  }

  async #learnPoints({ data: { array } }) {
    const { run } = this;
    const found = await this.#arrays(array);
    if (run !== this.run) return;
    this.points = found;
    this.redraw();
  }

  #arrays(name) {
    return learn(`/api/runs/${encodeURIComponent(this.run)}/arrays/${encodeURIComponent(name)}`);
  }

  redraw() {
    if (this.grid && this.isSeen) this.timer ||= setTimeout(() => this.#drawPlots(), this.isFollowing ? this.pause : 0);
  }

  // A surface is dear to draw: only where somebody looks.
  #onSeen(isSeen) {
    this.isSeen = isSeen;
    this.redraw();
  }

  // The frames in the order of the weights they were measured at.
  get #frames() {
    return [...this.measured.values()].sort((one, other) => one.step - other.step || KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind));
  }

  #offer() {
    const frames = this.#frames;
    this.slider.max = frames.length - 1;
    this.film.hidden = frames.length < 2;
    const at = this.isFollowing ? frames.length - 1 : frames.findIndex(({ data }) => data.array === this.name);
    this.#load(frames, Math.max(at, 0));
  }

  // Somebody chose a frame; at the last one the newest is followed again.
  #turn(at) {
    const frames = this.#frames;
    this.isFollowing = at === frames.length - 1;
    this.#load(frames, at);
  }

  async #load(frames, at) {
    const { run } = this;
    const event = frames[at];
    this.slider.value = at;
    this.step.textContent = `step ${count(event.step)}`;
    this.slider.setAttribute("aria-valuetext", this.step.textContent);
    this.name = event.data.array;
    const grid = await this.#gridOf(event);
    if (!grid || run !== this.run || event.data.array !== this.name) return; // something else was chosen meanwhile
    this.grid = { ...grid, name: this.name };
    this.section.hidden = false;
    this.#describe(event);
    this.redraw();
  }

  // A frame that got finer is fetched again.
  async #gridOf({ data: { array, points } }) {
    const known = this.grids.get(array);
    if (known?.points === points) return known;
    const found = await this.#arrays(array);
    if (found) this.grids.set(array, { ...found, points });
    return found;
  }

  #describe({ step, kind, data: { points, done } }) {
    const isToCome = kind === "landscape" && !done;
    const { decision, explained, path, x } = this.grid;
    const isSeen = path?.flat().some((place) => Math.abs(place) > VISIBLE * x.at(-1)); // along random directions a path is hardly ever long
    const mark = decision ? "the other picture has what is answered where" : isSeen ? "the cross marks the weights, and the line the path to them" : "the cross marks the weights";
    const share = explained === undefined ? "" : `; ${(100 * explained).toFixed(0)} % of the path lies in this plane`;
    this.caption.textContent = `step ${count(step)}: ${points} × ${points} points${isToCome ? ", getting finer" : ""}; ${mark}${share}.`;
  }

  #start() {
    const last = this.#frames.length - 1;
    if (Number(this.slider.value) === last) this.#turn(0);
    this.playing = setInterval(() => this.#next(), PLAYING);
    this.play.textContent = "Stop";
  }

  #next() {
    const at = Number(this.slider.value) + 1;
    this.#turn(at);
    if (at === this.#frames.length - 1) this.#stop();
  }

  #stop() {
    clearInterval(this.playing);
    this.playing = 0;
    this.play.textContent = "Play";
  }

  // One scale over the whole run, as far as it is known.
  get #range() {
    const ends = [...this.measured.values()].flatMap(({ data }) => [data.lowest, data.highest]).filter((value) => Number.isFinite(value));
    return rangeOf([[ends], this.grid.loss]);
  }

  async #drawPlots() {
    await withPlotly();
    for (let frame = 0; !this.isDrawn && frame < CURVES; frame += 1) await nextFrame();
    this.timer = 0;
    if (!this.grid) return;
    this.isStale = this.hold.isHeld;
    if (this.isStale) return;
    this.isDrawn = true;
    const began = performance.now();
    const look = { run: this.run, colours: palette(), range: this.#range };
    const { grid } = this;
    await (grid.decision ? drawDecision(this.contour, grid, { ...look, points: this.points }) : drawContour(this.contour, grid, look));
    await drawSurface(this.surface, grid, look);
    this.pause = Math.min(MOST, SHARE * (performance.now() - began));
  }
}
