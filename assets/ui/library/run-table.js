// RunTable: one line per run, kept from look to look, so that what somebody is typing stays.
import { element } from "../lib/element.js";
import { bytes, count } from "../lib/format.js";
import { RunLine } from "./run-line.js";

const COLUMNS = [
  { title: "★", name: "Starred", of: ({ labels }) => Number(labels.star), falls: true },
  { title: "Run", of: ({ labels, id }) => (labels.name || id).toLowerCase() },
  { title: "Method", of: ({ method }) => method },
  { title: "Data, model", of: ({ dataset, model }) => `${dataset} ${model}` },
  { title: "State", of: ({ state }) => state },
  { title: "Epoch", of: ({ epoch }) => epoch, falls: true },
  { title: "Accuracy", of: ({ accuracy }) => accuracy ?? -1, falls: true },
  { title: "Started", of: ({ created }) => created, falls: true },
  { title: "Size", of: ({ bytes: size }) => size, falls: true },
  { title: "Tags and note" },
  { title: "" },
];

export class RunTable {
  constructor(find, actions) {
    this.frame = find("frame");
    this.body = find("rows");
    this.empty = find("empty");
    this.hint = find("total");
    this.actions = actions;
    this.rows = [];
    this.free = 0;
    this.lines = new Map(); // id → RunLine
    this.order = []; // ids as they stand in the table
    this.sorted = { column: COLUMNS[7], sign: -1 };
    this.packed = "newest";
    this.headings = COLUMNS.map((column) => heading(column, () => this.#sort(column)));
    find("head").append(...this.headings);
  }

  // All rows as they are now, and the bytes that are free on their disk.
  take(rows, free) {
    const ids = new Set(rows.map(({ id }) => id));
    for (const [id, line] of this.lines) if (!ids.has(id)) this.#drop(id, line);
    for (const row of rows) {
      if (!this.lines.has(row.id)) this.lines.set(row.id, new RunLine(row.id, this.actions));
      this.lines.get(row.id).draw(row, this.packed);
    }
    this.rows = rows;
    this.free = free;
    this.frame.hidden = !rows.length;
    this.empty.hidden = rows.length > 0;
  }

  show(filter) {
    this.filter = filter;
    const shown = this.rows.filter((row) => filter.lets(row));
    const { column, sign } = this.sorted;
    const keys = new Map(shown.map((row) => [row.id, column.of(row)]));
    shown.sort((a, b) => sign * compared(keys.get(a.id), keys.get(b.id)) || compared(b.created, a.created));
    COLUMNS.forEach((one, at) => this.headings[at].setAttribute("aria-sort", one === column ? (sign > 0 ? "ascending" : "descending") : "none"));
    const order = shown.map(({ id }) => id);
    if (order.join() !== this.order.join()) this.#place(order);
    this.#tell(shown.length);
  }

  // How many runs are shown, and what all of them take of the disk.
  #tell(shown) {
    const used = this.rows.reduce((sum, row) => sum + row.bytes, 0);
    const of = shown === this.rows.length ? "" : ` of ${count(this.rows.length)}`;
    const none = shown || !this.rows.length ? "" : "No run matches: ";
    const text = `${none}${count(shown)}${of} ${this.rows.length === 1 ? "run" : "runs"} · ${bytes(used)} on disk · ${bytes(this.free)} free`;
    if (this.hint.textContent !== text) this.hint.textContent = text;
  }

  // Which checkpoints the links to archives ask for.
  pack(choice) {
    this.packed = choice;
    for (const row of this.rows) this.lines.get(row.id).draw(row, choice);
  }

  focus(run) {
    this.lines.get(run)?.focus();
  }

  #sort(column) {
    const same = this.sorted.column === column;
    this.sorted = { column, sign: same ? -this.sorted.sign : column.falls ? -1 : 1 };
    if (this.filter) this.show(this.filter);
  }

  // Lines that stay in place are not moved: a line that is moved loses the keyboard.
  #place(order) {
    const wanted = new Set(order);
    for (const id of this.order) if (!wanted.has(id)) this.lines.get(id)?.row.remove();
    let at = this.body.firstElementChild;
    for (const id of order) {
      const { row } = this.lines.get(id);
      if (row === at) at = at.nextElementSibling;
      else this.body.insertBefore(row, at);
    }
    this.order = order;
  }

  #drop(id, line) {
    const hadFocus = line.row.contains(document.activeElement);
    const next = line.row.nextElementSibling ?? line.row.previousElementSibling;
    line.row.remove();
    this.lines.delete(id);
    this.order = this.order.filter((other) => other !== id);
    if (hadFocus) next?.querySelector("[data-delete]")?.focus();
  }
}

function heading(column, onClick) {
  const inner = column.of ? element("button", { type: "button", onclick: onClick, title: `Sort by ${(column.name ?? column.title).toLowerCase()}` }, column.title) : column.title;
  return element("th", { scope: "col" }, column.title ? inner : element("span", { className: "rwp-unseen" }, "What can be done with it"));
}

function compared(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
