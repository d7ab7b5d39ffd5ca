// Compare: find runs, tick groups of them, and see which is better, at what cost, and how sure that is.
import { onThemeChange, palette } from "../charts/palette.js";
import { withPlotly } from "../charts/plotly.js";
import { fetchJson, postJson } from "../lib/fetch-json.js";
import { count } from "../lib/format.js";
import { Board } from "./board.js";
import { OverlayChart } from "./overlay-chart.js";
import { parse } from "./query.js";
import { alone, differing, grouped, label, sorted } from "./rows.js";
import { Table } from "./table.js";
import { View } from "./view.js";

const PAUSE = 3000; // ms between two looks
const SHARE = 20; // a look at very many runs takes at most this part of the time
const FINDING = { q: "find", by: "by" };
const DRAWING = { cost: "cost", x: "axis", smooth: "smoothing" };

export function mount(root, { figures, colours }) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const view = new View();
  const table = new Table(find, { onTick: (runs, isTicked) => tick(runs, isTicked), onSort: (sort) => set("sort", sort, list) });
  const board = new Board(find);
  const charts = figures.map((figure) => new OverlayChart(find("charts"), figure));
  let known = { fields: [], common: {}, rows: [] };
  let shownRuns = [];
  let compared = null; // what the studio answered, and the lines of its charts
  let asked = "";

  for (const [controls, follow] of [[FINDING, list], [DRAWING, draw]]) {
    for (const [name, control] of Object.entries(controls)) {
      find(control).value = view.get(name);
      find(control).addEventListener("input", () => set(name, find(control).value, follow));
    }
  }
  find("log-scale").checked = Boolean(view.get("log"));
  find("log-scale").addEventListener("input", () => set("log", find("log-scale").checked ? "1" : "", draw));
  find("reference").addEventListener("input", () => set("ref", find("reference").value, compare));
  find("tick-shown").addEventListener("click", () => tick(shownRuns.map(({ id }) => id), true));
  find("untick").addEventListener("click", () => tick([...view.ticked], false));
  onThemeChange(() => drawCharts());

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
    const rows = view.get("by") === "group" ? grouped(shownRuns) : alone(shownRuns);
    table.show(sorted(rows, view.get("sort")), differing(rows, known.fields), { sort: view.get("sort"), ticked: view.ticked });
    find("total").textContent = total(rows);
  }

  function total(rows) {
    if (!known.rows.length) return "No run here yet. Start one on the page Train.";
    const of = shownRuns.length === known.rows.length ? "" : ` of ${count(known.rows.length)}`;
    return `${count(shownRuns.length)}${of} ${shownRuns.length === 1 ? "run" : "runs"}${view.get("by") === "group" ? ` in ${count(rows.length)} ${rows.length === 1 ? "group" : "groups"}` : ""} · ${count(view.ticked.size)} ticked`;
  }

  function chosen() {
    return known.rows.filter(({ id }) => view.ticked.has(id));
  }

  // Ask anew only if the runs, what they have done, or the reference are other ones.
  async function compare() {
    const rows = chosen();
    const runs = rows.map(({ id }) => id);
    const wanted = JSON.stringify([rows.map(({ id, step, state }) => [id, step, state]), view.get("ref")]);
    find("result").hidden = !runs.length;
    find("nothing").hidden = runs.length > 0 || !known.rows.length;
    if (!runs.length || wanted === asked) return;
    asked = wanted;
    try {
      const [found, { lines }] = await Promise.all([postJson("/api/compare", { runs, reference: view.get("ref") }), postJson("/api/compare/curves", { runs }), withPlotly()]);
      if (wanted !== asked) return;
      compared = { found, lines };
      draw();
    } catch (error) {
      asked = "";
      tell(error.message);
    }
  }

  // Row, label, colour and dash of each group that is compared.
  function groups() {
    const rows = grouped(chosen());
    const differ = differing(rows, known.fields);
    const variants = new Map();
    return new Map(rows.map((row) => {
      const variant = variants.get(row.method) ?? 0;
      variants.set(row.method, variant + 1);
      return [row.group, { row, label: label(row, differ), colour: colours[row.method], variant }];
    }));
  }

  function draw() {
    if (!compared || !view.ticked.size) return;
    const datasets = new Set(chosen().map(({ dataset }) => dataset));
    find("warning").textContent = datasets.size > 1 ? `These runs learn from different datasets (${[...datasets].join(", ")}); their accuracies do not compare.` : "";
    find("warning").hidden = datasets.size < 2;
    board.show(compared.found, groups(), view.get("cost"));
    drawCharts();
  }

  function drawCharts() {
    if (!compared || !view.ticked.size) return;
    const known = groups();
    const look = { groups: known, axis: view.get("x"), weight: Number(view.get("smooth")), log: Boolean(view.get("log")), colours: palette() };
    const lines = compared.lines.filter(({ group }) => known.has(group));
    for (const chart of charts) chart.draw(lines, look);
  }

  function tell(text) {
    find("problem").textContent = text;
    find("problem").hidden = !text;
  }

  async function look() {
    const began = performance.now();
    try {
      known = await fetchJson("/api/compare");
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
