// Gallery: the paper's tables, and beside each figure what was reached here.
import { element } from "../lib/element.js";
import { fetchJson } from "../lib/fetch-json.js";
import { leftOut, multiple, spread } from "../lib/format.js";
import { ROOT } from "../lib/root.js";

const CAPTIONS = {
  2: "Table 2: CIFAR",
  3: "Table 3: ImageNet",
  4: "Table 4: the same or different mini-batches for the two gradients",
};

export async function mount(root) {
  const problem = root.querySelector("[data-problem]");
  try {
    const tables = await fetchJson("/api/gallery");
    root.querySelector("[data-tables]").replaceChildren(...tables.map(drawn));
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

function drawn({ number, datasets, rows }) {
  const hasCosts = rows.some((row) => Object.values(row.figures).some(({ paper }) => paper.flops !== null));
  const costs = hasCosts ? ["FLOPs", "here", "Time", "here"] : [];
  const head = ["Model", "Method", ...datasets.flatMap((name) => [name, "reached here"]), ...costs];
  const body = rows.map((row, at) => line(row, datasets, hasCosts, rows[at - 1]?.model !== row.model));
  const table = element("table", {}, element("caption", {}, CAPTIONS[number]), element("thead", {}, element("tr", {}, ...head.map(heading))), element("tbody", {}, ...body));
  return element("div", { className: "rwp-table" }, table);
}

function heading(text) {
  return element("th", { scope: "col" }, text);
}

function line({ model, method, figures }, datasets, hasCosts, isFirst) {
  const cells = datasets.flatMap((name) => (figures[name] ? [reported(figures[name]), reached(figures[name].here)] : [element("td"), element("td")]));
  const first = Object.values(figures)[0];
  const row = element("tr", {}, isFirst ? element("th", { scope: "row" }, model) : element("td"), element("th", { scope: "row" }, element("code", {}, method)), ...cells);
  row.classList.toggle("rwp-first", isFirst);
  if (hasCosts) row.append(...["flops", "time"].flatMap((cost) => [element("td", {}, multiple(first.paper[cost])), element("td", {}, multiple(measured(figures, cost)))]));
  return row;
}

function reported({ recipe, title, paper }) {
  const link = element("a", { href: `${ROOT}/?recipe=${encodeURIComponent(recipe)}`, title: `Open in the form: ${title}` }, spread(paper.accuracy, paper.sd));
  return element("td", {}, link);
}

// What came nearest to the paper's settings; the others wait behind a fold.
function reached(here) {
  const [nearest, ...others] = here;
  if (!nearest) return element("td", { className: "rwp-none" }, "–");
  const cell = element("td", {}, group(nearest));
  if (others.length) cell.append(element("details", {}, element("summary", {}, `${others.length} with other settings`), ...others.map(group)));
  return cell;
}

function group({ accuracy, sd, seeds, epochs, run, differs, ...others }) {
  const link = element("a", { href: `${ROOT}/?run=${encodeURIComponent(run)}`, title: "Show this run" }, spread(accuracy, sd));
  const block = element("div", {}, link, ` n = ${seeds}, ${epochs} epochs${leftOut(others)}`);
  if (differs.length) block.append(" ", element("details", { className: "rwp-differs" }, element("summary", { title: "Settings that are not the paper's" }, `≠ ${differs.length}`), element("ul", {}, ...differs.map((text) => element("li", {}, text)))));
  return block;
}

// A cost as a multiple of plain training, from the dataset for which it has been measured.
function measured(figures, cost) {
  return Object.values(figures).flatMap(({ here }) => here).map((one) => one[cost]).find((value) => value !== null) ?? null;
}
