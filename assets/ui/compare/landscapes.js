// Landscapes: those of the ticked groups side by side, on one colour scale, so that what is flat and what is steep look so.
import { drawContour } from "../charts/landscape-plots.js";
import { rangeOf } from "../charts/ticks.js";
import { element } from "../lib/element.js";
import { count } from "../lib/format.js";

export class Landscapes {
  constructor(find, load) {
    this.load = load;
    this.section = find("landscapes");
    this.place = find("landscape-plots");
    this.grids = new Map(); // run and array → what was measured
    this.wanted = 0;
  }

  async show(lines, groups, colours) {
    const measured = firstOfEach(lines);
    const turn = ++this.wanted;
    this.section.hidden = !measured.length;
    const grids = await Promise.all(measured.map(({ landscape }) => this.#grid(landscape)));
    if (turn !== this.wanted) return; // something else was ticked meanwhile
    const there = measured.map((line, at) => ({ ...line, grid: grids[at] })).filter(({ grid }) => grid);
    const range = rangeOf(there.map(({ grid }) => grid.loss));
    this.section.hidden = !there.length;
    this.#keep(there.map(({ group }) => group));
    for (const line of there) this.#draw(line, groups.get(line.group).label, { colours, range });
  }

  #draw({ group, landscape, grid }, label, look) {
    const frame = this.#frame(group);
    frame.firstElementChild.textContent = `${label}, seed ${landscape.seed}, step ${count(landscape.step)}`;
    drawContour(frame.lastElementChild, grid, { run: "compare", ...look });
  }

  #frame(group) {
    const known = [...this.place.children].find(({ dataset }) => dataset.group === group);
    if (known) return known;
    const frame = element("figure", { className: "rwp-chart" }, element("figcaption"), element("div"));
    frame.dataset.group = group;
    this.place.append(frame);
    return frame;
  }

  #keep(groups) {
    const gone = [...this.place.children].filter(({ dataset }) => !groups.includes(dataset.group));
    for (const frame of gone) frame.remove();
  }

  async #grid(landscape) {
    const key = `${landscape.run} ${landscape.array}`;
    if (!this.grids.has(key)) this.grids.set(key, this.load(landscape));
    return this.grids.get(key);
  }
}

// One landscape for each group, of those that have one.
function firstOfEach(lines) {
  const found = new Map();
  for (const line of lines) if (line.landscape && !found.has(line.group)) found.set(line.group, line);
  return [...found.values()];
}
