// SearchCharts: what a sweep found: accuracy over one field, over two as a heat map, and over all as parallel coordinates.
import { CONFIG } from "../charts/config.js";
import { plain } from "../charts/palette.js";
import { element } from "../lib/element.js";
import { percent } from "../lib/format.js";
import { Importance } from "./importance.js";
import { ParallelCoordinates } from "./parallel-coordinates.js";
import { heat, isLogarithmic, searchedFields } from "./searched.js";

const FEWEST = 4; // groups of one method, below which the ranking says it all
const SCALE = "Cividis"; // reads the same for every kind of colour vision
const SMALL = { size: 11 };

export class SearchCharts {
  // `formOf` is the address of the form with the settings of a run; null where there is no form.
  constructor(find, { view, explain, formOf }) {
    this.view = view;
    this.formOf = formOf;
    this.importance = new Importance(find, explain);
    this.section = find("search");
    this.best = find("best");
    this.selects = { fx: find("search-x"), fy: find("search-y") };
    this.slice = frame(find("search-plots"), "slice", "Test accuracy over one field (%)");
    this.heat = frame(find("search-plots"), "heat-map", "Test accuracy over two fields (%)");
    this.parallel = new ParallelCoordinates(find("parallel"));
    this.shown = null;
    for (const [name, select] of Object.entries(this.selects)) {
      select.addEventListener("input", () => {
        view.set(name, select.value);
        this.redraw();
      });
    }
  }

  show(groups, runs, fields, colours) {
    const rows = [...groups.values()].map(({ row, label, colour }) => ({ ...row, label, colour }));
    const searched = searchedFields(rows, fields);
    this.section.hidden = mostOfOneMethod(rows) < FEWEST || !searched.length;
    this.shown = this.section.hidden ? null : { rows, searched, colours };
    if (!this.shown) return;
    this.#offer(searched);
    this.importance.show(runs, searched);
    this.#tellBest(rows, runs);
    this.redraw();
  }

  redraw() {
    if (!this.shown) return;
    const { rows, searched, colours } = this.shown;
    const [x, y] = this.#chosen(searched);
    drawSlice(this.slice.lastElementChild, rows, x, colours);
    this.heat.hidden = !y;
    if (y) drawHeat(this.heat.lastElementChild, rows, x, y, colours);
    this.parallel.draw(rows, searched);
  }

  // The most accurate group, with a link that fills the form with its settings.
  #tellBest(rows, runs) {
    const best = rows.reduce((one, other) => ((other.accuracy ?? -1) > (one.accuracy ?? -1) ? other : one));
    const { id } = runs.find(({ group }) => group === best.group);
    this.best.replaceChildren(`Best: ${best.label}, ${percent(best.accuracy)}. `);
    if (this.formOf) this.best.append(element("a", { href: this.formOf(id), title: "Fill the form with these settings" }, "Put it into the form"));
  }

  #offer(searched) {
    const offered = searched.map(({ path }) => path).join();
    for (const [name, select] of Object.entries(this.selects)) {
      const isKnown = [...select.options].map(({ value }) => value).join() === offered; // then an open list stays open
      if (!isKnown) select.replaceChildren(...searched.map(({ path, short }) => new Option(short, path)));
      select.disabled = searched.length < 2;
      select.value = this.#chosen(searched)[name === "fx" ? 0 : 1]?.path ?? "";
    }
  }

  // The two fields that are looked at: those in the address, or the two with most values.
  #chosen(searched) {
    const x = searched.find(({ path }) => path === this.view.get("fx")) ?? searched[0];
    const others = searched.filter((field) => field !== x);
    return [x, others.find(({ path }) => path === this.view.get("fy")) ?? others[0]];
  }
}

function mostOfOneMethod(rows) {
  return Math.max(0, ...rows.map(({ method }) => rows.filter((row) => row.method === method).length));
}

function drawSlice(plot, rows, x, colours) {
  const known = rows.filter(({ accuracy, settings }) => accuracy !== null && typeof settings[x.path] === "number");
  const points = {
    type: "scatter", mode: "markers", x: known.map(({ settings }) => settings[x.path]), y: known.map(({ accuracy }) => 100 * accuracy),
    text: known.map(({ label }) => plain(label)), name: "accuracy", marker: { color: known.map(({ colour }) => colour), size: 8, opacity: 0.75 },
    hovertemplate: "%{y:.2f} %<br>%{text}<extra></extra>",
  };
  globalThis.Plotly.react(plot, [points], look(colours, axis(x), { title: { text: "test accuracy (%)", font: SMALL } }), CONFIG);
}

function drawHeat(plot, rows, x, y, colours) {
  const map = {
    type: "heatmap", x: x.values.map(String), y: y.values.map(String), z: heat(rows, x, y), colorscale: SCALE, hoverongaps: false,
    texttemplate: x.values.length * y.values.length <= 60 ? "%{z:.1f}" : "", hovertemplate: `%{z:.2f} %<br>${plain(x.short)} %{x}, ${plain(y.short)} %{y}<extra></extra>`,
    colorbar: { thickness: 12, outlinewidth: 0, tickfont: SMALL },
  };
  const named = ({ short }) => ({ title: { text: plain(short), font: SMALL }, type: "category" });
  globalThis.Plotly.react(plot, [map], look(colours, named(x), named(y)), CONFIG);
}

function axis({ short, values }) {
  return { title: { text: plain(short), font: SMALL }, type: isLogarithmic(values) ? "log" : "linear" };
}

function look(colours, x, y) {
  const common = { gridcolor: colours.grid, zeroline: false, tickfont: SMALL, automargin: true };
  return {
    height: 300, margin: { l: 52, r: 8, t: 10, b: 42 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
    font: { color: colours.text, family: "system-ui, sans-serif", size: 12 },
    modebar: { color: colours.faint, activecolor: colours.text, bgcolor: "rgba(0,0,0,0)" },
    xaxis: { ...common, ...x }, yaxis: { ...common, ...y },
  };
}

function frame(parent, name, title) {
  const made = element("figure", { className: "rwp-chart" }, element("figcaption", {}, title), element("div"));
  made.dataset.figure = name;
  parent.append(made);
  return made;
}
