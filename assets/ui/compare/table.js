// Table: of thousands of rows only those that can be seen are in the document.
import { element } from "../lib/element.js";
import { count } from "../lib/format.js";
import { ROOT } from "../lib/root.js";
import { Rows } from "../lib/rows.js";

const HEIGHT = 30; // px of a row
const BEYOND = 10; // rows above and below those that can be seen

export class Table {
  constructor(find, { onTick, onSort }) {
    this.frame = find("frame");
    this.head = find("head");
    this.body = find("rows");
    this.drawn = new Rows(this.body);
    this.onTick = onTick;
    this.onSort = onSort;
    this.rows = [];
    this.frame.addEventListener("scroll", () => this.#draw());
  }

  show(rows, columns, { sort, ticked }) {
    this.rows = rows;
    this.ticked = ticked;
    this.columns = columns;
    this.head.replaceChildren(element("th", { scope: "col" }, element("span", { className: "rwp-unseen" }, "Ticked")), element("th", { scope: "col" }, "Run"), ...columns.map((column) => this.#heading(column, sort)));
    this.#draw();
  }

  #heading({ key, title }, sort) {
    const order = sort === key ? "ascending" : sort === `-${key}` ? "descending" : "none";
    const button = element("button", { type: "button", title: `Sort by ${title}`, onclick: () => this.onSort(order === "descending" ? key : `-${key}`) }, title);
    const heading = element("th", { scope: "col" }, button);
    heading.setAttribute("aria-sort", order);
    return heading;
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.frame.scrollTop / HEIGHT) - BEYOND);
    const last = Math.min(this.rows.length, first + Math.ceil(this.frame.clientHeight / HEIGHT) + 2 * BEYOND);
    this.drawn.replace([space(first), ...this.rows.slice(first, last).map((row) => this.#line(row)), space(this.rows.length - last)]);
  }

  #line(row) {
    const runs = row.members.map(({ id }) => id);
    const some = runs.filter((run) => this.ticked.has(run)).length;
    const box = element("input", { type: "checkbox", checked: some === runs.length, indeterminate: some > 0 && some < runs.length, ariaLabel: `Compare ${row.name || row.id}` });
    box.dataset.key = row.id;
    box.addEventListener("change", () => this.onTick(runs, box.checked));
    const name = element("a", { href: `${ROOT}/?run=${encodeURIComponent(runs[0])}`, title: runs.slice(0, 20).join("\n") }, row.name || (runs.length > 1 ? `${count(runs.length)} runs` : row.id));
    return element("tr", {}, element("td", {}, box), element("th", { scope: "row" }, name), ...this.columns.map(({ of }) => element("td", {}, of(row))));
  }
}

// The room that rows which are not in the document would take.
function space(rows) {
  const row = element("tr", { ariaHidden: "true" });
  row.style.height = `${rows * HEIGHT}px`;
  row.hidden = !rows;
  return row;
}
