// PaperFigures: the figures of the paper, and the loss surface that several runs have in common, drawn of the ticked runs on request.
import { CONFIG } from "../charts/config.js";
import { palette } from "../charts/palette.js";
import { withPlotly } from "../charts/plotly.js";
import { element } from "../lib/element.js";
import { postJson, postLines } from "../lib/fetch-json.js";

const ADDRESS = "/api/compare";
const CLEAR = "rgba(0,0,0,0)";

export class PaperFigures {
  // `titles` says what is drawn in the figure of each number; `chosen` gives the names of the ticked runs.
  constructor(find, titles, chosen) {
    this.chosen = chosen;
    this.plot = find("paper-figure");
    this.frame = this.plot.closest("figure");
    this.word = find("paper-word");
    this.drawn = null; // what is shown
    this.asked = 0;
    const numbered = Object.entries(titles).map(([number, text]) => this.#button(`Figure ${number}`, text, (runs) => postJson(`${ADDRESS}/figure`, { runs, number })));
    const plane = this.#button("Shared plane", "the training loss on the plane through the weights of the ticked runs", (runs, isWanted) => this.#plane(runs, isWanted));
    find("paper-buttons").append(...numbered, plane);
  }

  redraw() {
    if (!this.drawn) return;
    const { text, faint, grid } = palette();
    const { data, layout } = this.drawn;
    const axes = Object.fromEntries(["xaxis", "yaxis", ...Object.keys(layout).filter((key) => /^[xy]axis/.test(key))].map((key) => [key, { gridcolor: grid, zerolinecolor: grid, automargin: true, ...layout[key] }]));
    const { title, ...rest } = layout;
    this.frame.querySelector("figcaption").textContent = title.text;
    const look = { autosize: true, margin: { l: 60, r: 20, t: 20, b: 50 }, paper_bgcolor: CLEAR, plot_bgcolor: CLEAR, font: { color: text, family: "system-ui, sans-serif", size: 12 }, modebar: { color: faint, activecolor: text, bgcolor: CLEAR } };
    globalThis.Plotly.react(this.plot, data, { ...rest, ...axes, ...look }, CONFIG);
  }

  #button(name, text, ask) {
    return element("button", { type: "button", title: text, onclick: () => this.#draw(name, ask) }, name);
  }

  async #draw(name, ask) {
    const turn = ++this.asked;
    const isWanted = () => turn === this.asked; // nothing else was asked for meanwhile
    this.#say(`${name} is drawn …`);
    try {
      const [drawn] = await Promise.all([ask(this.chosen(), isWanted), withPlotly()]);
      if (!isWanted() || !drawn) return;
      this.drawn = drawn;
      this.frame.dataset.figure = name.toLowerCase().replace(" ", "-"); // the name of its picture
      this.frame.hidden = false;
      this.#say("");
      this.redraw();
    } catch (error) {
      if (isWanted()) this.#say(`${name}: ${error.message}`);
    }
  }

  async #plane(runs, isWanted) {
    for await (const { done, figure } of postLines(`${ADDRESS}/plane`, { runs })) {
      if (!isWanted()) return null;
      if (figure) return figure;
      this.#say(`Shared plane: ${Math.round(100 * done)} % of the points are measured.`);
    }
    throw new Error("The studio has ended before it was measured");
  }

  #say(text) {
    this.word.textContent = text;
    this.word.hidden = !text;
  }
}
