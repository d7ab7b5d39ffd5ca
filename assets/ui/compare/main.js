// Compare: find runs, tick groups of them, and see which is better, at what cost, and how sure that is.
import { onThemeChange } from "../charts/palette.js";
import { withPlotly } from "../charts/plotly.js";
import { fetchJson, learn, postJson } from "../lib/fetch-json.js";
import { count } from "../lib/format.js";
import { ROOT } from "../lib/root.js";
import { save } from "../lib/save.js";
import { ColumnChoice, columns, shownColumns } from "./columns.js";
import { PaperFigures } from "./paper-figures.js";
import { parse } from "./query.js";
import { Result } from "./result.js";
import { alone, grouped, groupedBy, sorted, unlike } from "./rows.js";
import { Table } from "./table.js";
import { View } from "./view.js";

const PAUSE = 3000; // ms between two looks
const SHARE = 20; // a look at very many runs takes at most this part of the time
const FINDING = { q: "find", by: "by" };

export function mount(root, { figures, colours, papers }) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const view = new View();
  const overview = new Table(find, { onTick: (runs, isTicked) => tick(runs, isTicked), onSort: (sort) => set("sort", sort, list) });
  const choice = new ColumnChoice(find, (chosen) => set("cols", chosen, list));
  const load = ({ run, array }) => learn(`/api/runs/${encodeURIComponent(run)}/arrays/${encodeURIComponent(array)}`, () => null);
  const table = (cost, ending) => made("/api/compare/table", { cost, ending });
  const explain = async (runs) => {
    try {
      return await postJson("/api/compare/importance", { runs });
    } catch (error) {
      tell(error.message);
      return {};
    }
  };
  const result = new Result(find, { figures, colours, view, load, table, explain, formOf: (id) => `${ROOT}/?clone=${encodeURIComponent(id)}` });
  const paper = new PaperFigures(find, papers, () => chosenRuns().map(({ id }) => id));
  let known = { fields: [], common: {}, rows: [] };
  let shownRuns = [];
  let asked = "";

  find("by").append(...[view.get("by")].filter((by) => by.includes(".")).map((by) => new Option(by, by)));
  for (const [name, control] of Object.entries(FINDING)) {
    find(control).value = view.get(name);
    find(control).addEventListener("input", () => set(name, find(control).value, list));
  }
  find("reference").addEventListener("input", () => set("ref", find("reference").value, compare));
  find("tick-shown").addEventListener("click", () => tick(shownRuns.map(({ id }) => id), true));
  find("untick").addEventListener("click", () => tick([...view.ticked], false));
  find("tensorboard").href = `${ROOT}/tensorboard/`;
  onThemeChange(() => {
    result.redraw();
    paper.redraw();
  });

  find("report").addEventListener("click", async () => {
    find("report").disabled = true;
    const content = await made("/api/compare/report");
    if (content !== null) save("report.html", content, "text/html");
    find("report").disabled = false;
  });

  // A file that the studio makes of the runs that are ticked; null, and a word about it, if it could not.
  async function made(address, more = {}) {
    try {
      const { content } = await postJson(address, { runs: chosenRuns().map(({ id }) => id), reference: view.get("ref"), ...more });
      return content;
    } catch (error) {
      tell(error.message);
      return null;
    }
  }

  function set(name, value, follow) {
    view.set(name, value);
    follow();
  }

  function tick(runs, isTicked) {
    view.tick(runs, isTicked);
    list();
    compare();
  }

  function list() {
    try {
      shownRuns = known.rows.filter(parse(view.get("q"), known.fields, known.common));
      tell("");
    } catch (error) {
      tell(`Not understood: ${error.message}`);
    }
    const rows = rowsOf(shownRuns);
    const all = columns(rows, known.fields);
    const chosen = shownColumns(all, view.get("cols"));
    overview.show(sorted(rows, view.get("sort")), chosen, { sort: view.get("sort"), ticked: view.ticked });
    choice.show(all, chosen);
    find("total").textContent = total(rows);
    find("tick-shown").disabled = !shownRuns.length;
  }

  function rowsOf(runs) {
    const by = view.get("by");
    const field = known.fields.find(({ path }) => path === by);
    return field ? groupedBy(runs, field, known.common) : by === "run" ? alone(runs) : grouped(runs);
  }

  function total(rows) {
    if (!known.rows.length) return "No run here yet. Start one on the page Train.";
    const of = shownRuns.length === known.rows.length ? "" : ` of ${count(known.rows.length)}`;
    const groups = view.get("by") === "run" ? "" : ` in ${count(rows.length)} ${rows.length === 1 ? "group" : "groups"}`;
    return `${count(shownRuns.length)}${of} ${shownRuns.length === 1 ? "run" : "runs"}${groups} · ${count(view.ticked.size)} ticked`;
  }

  // What rows may be grouped by: every field in which the runs differ.
  function offerGroupings() {
    const differ = unlike(known.rows, known.fields);
    const offered = known.fields.filter((field) => differ.includes(field) || field.path === view.get("by"));
    const select = find("by");
    const options = [...select.options].filter(({ value }) => value.includes("."));
    if (options.map(({ value }) => value).join() === offered.map(({ path }) => path).join()) return;
    for (const option of options) option.remove();
    select.append(...offered.map(({ path, short }) => new Option(`all runs of the same ${short} (${path})`, path)));
    select.value = view.get("by");
  }

  function chosenRuns() {
    return known.rows.filter(({ id }) => view.ticked.has(id));
  }

  // Ask anew only if the runs, what they have done, or the reference are other ones.
  async function compare() {
    const rows = chosenRuns();
    const runs = rows.map(({ id }) => id);
    const wanted = JSON.stringify([rows.map(({ id, step, state }) => [id, step, state]), view.get("ref")]);
    find("result").hidden = !runs.length;
    find("report").disabled = !runs.length;
    find("nothing").hidden = runs.length > 0 || !known.rows.length;
    if (wanted === asked) return;
    asked = wanted;
    if (!runs.length) {
      result.clear();
      return;
    }
    try {
      const [found, { lines }] = await Promise.all([postJson("/api/compare", { runs, reference: view.get("ref") }), postJson("/api/compare/curves", { runs }), withPlotly()]);
      if (wanted !== asked) return;
      result.show({ found, lines }, rows, known.fields);
    } catch (error) {
      asked = "";
      tell(error.message);
    }
  }

  function tell(text) {
    find("problem").textContent = text;
    find("problem").hidden = !text;
  }

  async function look() {
    const began = performance.now();
    try {
      known = await fetchJson("/api/compare");
      offerGroupings();
      list();
      compare();
    } catch (error) {
      tell(error.message);
    }
    return performance.now() - began;
  }

  (async () => {
    while (root.isConnected) {
      const took = document.hidden && known.rows.length ? 0 : await look();
      await new Promise((resolve) => setTimeout(resolve, Math.max(PAUSE, SHARE * took)));
    }
  })();
}
