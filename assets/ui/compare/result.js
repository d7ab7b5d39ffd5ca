// Result: what the ticked groups come to: the ranking, what they differ in, their curves, and their landscapes.
import { palette } from "../charts/palette.js";
import { element } from "../lib/element.js";
import { save } from "../lib/save.js";
import { Board } from "./board.js";
import { Differences } from "./differences.js";
import { Landscapes } from "./landscapes.js";
import { OverlayChart } from "./overlay-chart.js";
import { differing, grouped, label } from "./rows.js";
import { SearchCharts } from "./search-charts.js";

const FORMATS = { csv: "CSV", json: "JSON", tex: "LaTeX", md: "Markdown" };
const CONTROLS = { cost: "cost", x: "axis", smooth: "smoothing", log: "log-scale" };

export class Result {
  // `load` finds the arrays of a landscape, `table` the ranking at equal costs as a file with an ending; either finds null
  // if it cannot. `explain` finds how much each field matters among some runs, `formOf` where the form is with the settings of one.
  constructor(find, { figures, colours, view, load, table, explain, formOf = null }) {
    this.warning = find("warning");
    this.colours = colours;
    this.view = view;
    this.board = new Board(find);
    this.differences = new Differences(find);
    this.landscapes = new Landscapes(find, load);
    this.search = new SearchCharts(find, { view, explain, formOf });
    this.charts = figures.map((figure) => new OverlayChart(find("charts"), figure, (place) => this.#point(place)));
    this.shown = null;
    find("formats").append("Ranking as ", ...Object.entries(FORMATS).map(([ending, title]) => this.#download(ending, title, table)));
    for (const [name, control] of Object.entries(CONTROLS)) this.#control(name, find(control));
  }

  // `answer` has what the studio says of the runs that are ticked, which are `rows`; `fields` are those of the form.
  show({ found, lines }, rows, fields) {
    const groups = this.#groups(rows, fields);
    this.shown = { found, groups, runs: rows, fields, lines: lines.filter(({ group }) => groups.has(group)), short: new Map(fields.map(({ path, short }) => [path, short])) };
    this.#warn(rows);
    this.differences.show(groups, fields, this.shown.lines);
    this.redraw();
  }

  redraw() {
    if (!this.shown) return;
    const { found, groups, lines, short } = this.shown;
    const { view } = this;
    this.board.show(found, groups, view.get("cost"));
    const look = { groups, short, axis: view.get("x"), weight: Number(view.get("smooth")), log: Boolean(view.get("log")), colours: palette() };
    for (const chart of this.charts) chart.draw(lines, look);
    this.search.show(groups, this.shown.runs, this.shown.fields, look.colours);
    this.landscapes.show(lines, groups, look.colours);
  }

  clear() {
    this.shown = null;
  }

  #download(ending, title, table) {
    return element("button", { type: "button", onclick: async () => {
      const cost = this.view.get("cost");
      const content = await table(cost, ending);
      if (content !== null) save(`ranking-${cost}.${ending}`, content, "text/plain");
    } }, title);
  }

  #control(name, control) {
    const isBox = control.type === "checkbox";
    if (isBox) control.checked = Boolean(this.view.get(name));
    else control.value = this.view.get(name);
    control.addEventListener("input", () => {
      this.view.set(name, isBox ? (control.checked ? "1" : "") : control.value);
      this.redraw();
    });
  }

  // The cursor on one chart points to the same place on all others; null takes it away.
  #point(place) {
    for (const chart of this.charts) chart.point(place);
  }

  // Row, label, colour and dash of each group that is compared.
  #groups(runs, fields) {
    const rows = grouped(runs);
    const differ = differing(rows, fields);
    const methods = new Set(rows.map(({ method }) => method));
    const varied = new Map([...methods].map((method) => [method, differing(rows.filter((row) => row.method === method), fields)]));
    const variants = new Map();
    return new Map(rows.map((row) => {
      const variant = variants.get(row.method) ?? 0;
      variants.set(row.method, variant + 1);
      return [row.group, { row, label: label(row, differ, varied.get(row.method)), colour: this.colours[row.method], variant }];
    }));
  }

  #warn(rows) {
    const datasets = new Set(rows.map(({ dataset }) => dataset));
    this.warning.textContent = datasets.size > 1 ? `These runs learn from different datasets (${[...datasets].join(", ")}); their accuracies do not compare.` : "";
    this.warning.hidden = datasets.size < 2;
  }
}
