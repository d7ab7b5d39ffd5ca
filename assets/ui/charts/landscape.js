// Landscape: the loss on a plane through the weights, as contours and as a surface; it gets finer while it is measured.
import { learn } from "../lib/fetch-json.js";
import { Hold } from "../lib/hold.js";
import { drawContour, drawSurface } from "./landscape-plots.js";
import { palette } from "./palette.js";
import { withPlotly } from "./plotly.js";

export class Landscape {
  constructor(find) {
    this.section = find("landscape");
    this.choice = find("landscape-choice");
    this.steps = find("landscape-step");
    this.caption = find("landscape-caption");
    this.contour = find("contour");
    this.surface = find("surface");
    this.steps.addEventListener("input", () => this.#load());
    this.isSeen = false;
    this.isStale = false;
    this.hold = new Hold(this.surface, () => this.isStale && this.redraw()); // a surface drawn anew forgets how far it is turned
    new IntersectionObserver(([entry]) => this.#onSeen(entry.isIntersecting)).observe(this.section);
    this.follow("");
  }

  follow(run) {
    this.run = run;
    this.measured = new Map(); // array name → newest event about it
    this.grid = null;
    this.section.hidden = true;
  }

  take({ reset, events }) {
    if (reset) this.measured.clear();
    const news = events.filter((event) => event.kind === "landscape");
    for (const event of news) this.measured.set(event.data.array, event);
    if (news.length) this.#offer(news.at(-1).data.array);
  }

  redraw() {
    if (this.grid && this.isSeen) this.#drawPlots();
  }

  // A surface is dear to draw: only where somebody looks.
  #onSeen(isSeen) {
    this.isSeen = isSeen;
    this.redraw();
  }

  #offer(newest) {
    this.steps.replaceChildren(...[...this.measured.keys()].map((name) => new Option(String(stepOf(name)), name)));
    this.steps.value = newest;
    this.choice.hidden = this.measured.size < 2;
    this.#load();
  }

  async #load() {
    const { run } = this;
    const name = this.steps.value;
    const grid = await learn(`/api/runs/${encodeURIComponent(run)}/arrays/${encodeURIComponent(name)}`);
    if (!grid || run !== this.run || name !== this.steps.value) return; // something else was chosen meanwhile
    this.grid = { ...grid, name };
    this.section.hidden = false;
    this.#describe();
    this.redraw();
  }

  #describe() {
    const { points, done } = this.measured.get(this.grid.name).data;
    this.caption.textContent = `${points} × ${points} points${done ? "" : ", getting finer"}; the cross marks the trained weights. The axes are two random directions, scaled filter by filter.`;
  }

  async #drawPlots() {
    const { run } = this;
    await withPlotly();
    if (run !== this.run || !this.grid) return;
    this.isStale = this.hold.isHeld;
    if (this.isStale) return;
    const look = { run: this.run, colours: palette() };
    drawContour(this.contour, this.grid, look);
    drawSurface(this.surface, this.grid, look);
  }
}

// After how many steps the weights in its middle were copied.
function stepOf(name) {
  return Number(name.split("-").at(-1));
}
