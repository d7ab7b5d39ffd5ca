// Importance: how much of the spread of accuracies each searched field explains, as the studio works it out.
import { element } from "../lib/element.js";

export class Importance {
  // `explain` finds the share of each field among some runs.
  constructor(find, explain) {
    this.frame = find("importance");
    this.rows = find("importance-rows");
    this.explain = explain;
    this.asked = "";
  }

  async show(runs, searched) {
    const finished = runs.filter(({ state, accuracy }) => state === "finished" && accuracy !== null).map(({ id }) => id);
    const asked = finished.join();
    if (asked === this.asked) return;
    this.asked = asked;
    const shares = await this.explain(finished);
    if (asked === this.asked) this.#draw(shares, new Map(searched.map(({ path, short }) => [path, short])));
  }

  #draw(shares, short) {
    const found = Object.entries(shares).sort(([, one], [, other]) => other - one);
    this.frame.hidden = !found.length;
    this.rows.replaceChildren(...found.map(([path, share]) => {
      const name = short.get(path) ?? path;
      return element("li", {}, element("span", {}, name), element("meter", { min: 0, max: 1, value: share, ariaLabel: name }), element("b", {}, `${(100 * share).toFixed(0)} %`));
    }));
  }
}
