// RunLine: one run in the table, with what can be changed and done about it.
import { Editable } from "../lib/editable.js";
import { element } from "../lib/element.js";
import { bytes, count, moment, percent } from "../lib/format.js";
import { ROOT } from "../lib/root.js";

const IN_USE = ["queued", "starting", "loading", "running", "paused", "measuring"];

export class RunLine {
  constructor(id, { relabel, star, remove }) {
    this.id = id;
    this.drawn = "";
    const save = (changes) => relabel(id, changes);
    this.star = element("button", { type: "button", className: "rwp-star", onclick: () => star(id, !this.labels.star) });
    this.name = new Editable(element("input", { type: "text", maxLength: 120, placeholder: "Name" }), `Name of ${id}`, (name) => save({ name }));
    this.open = element("a", { href: `${ROOT}/?run=${encodeURIComponent(id)}`, title: "Show this run on the page Train" }, id);
    this.tags = new Editable(element("input", { type: "text", placeholder: "tags, with commas" }), `Tags of ${id}`, (text) => save({ tags: listed(text) }));
    this.note = new Editable(element("textarea", { rows: 1, maxLength: 4000, placeholder: "note" }), `Note on ${id}`, (note) => save({ note }));
    this.badge = element("span", { className: "rwp-badge" });
    this.zip = element("a", { download: `${id}.zip`, title: "Download this run as a zip archive" }, "Zip");
    this.delete = element("button", { type: "button", onclick: () => remove(id, this.labels.name || id) }, "Delete");
    this.delete.dataset.delete = "";
    this.cells = Object.fromEntries(["method", "data", "epoch", "accuracy", "started", "size"].map((name) => [name, element("td")]));
    this.row = this.#laidOut();
  }

  draw(row, packed) {
    const state = JSON.stringify([row, packed]);
    if (state === this.drawn) return;
    this.drawn = state;
    this.labels = row.labels;
    this.star.textContent = row.labels.star ? "★" : "☆";
    this.star.setAttribute("aria-pressed", String(row.labels.star));
    this.name.show(row.labels.name);
    this.tags.show(row.labels.tags.join(", "));
    this.note.show(row.labels.note);
    this.badge.textContent = this.badge.dataset.state = row.state;
    this.zip.href = `${ROOT}/api/runs/${encodeURIComponent(this.id)}/zip?checkpoints=${packed}`;
    this.delete.disabled = IN_USE.includes(row.state);
    this.delete.title = this.delete.disabled ? "Stop it first, on the page Train" : "Move this run to the trash";
    this.#fill(row);
  }

  focus() {
    this.row.scrollIntoView({ block: "nearest" });
    this.open.focus();
  }

  #fill({ method, dataset, model, seed, epoch, epochs, step, steps, accuracy, created, bytes: size }) {
    const { cells } = this;
    cells.method.textContent = method;
    cells.data.textContent = `${dataset}, ${model}`;
    cells.data.title = `seed ${seed}`;
    cells.epoch.textContent = `${count(epoch)} / ${count(epochs)}`;
    cells.epoch.title = `step ${count(step)} of ${count(steps)}`;
    cells.accuracy.textContent = percent(accuracy);
    cells.started.textContent = moment(created);
    cells.size.textContent = bytes(size);
  }

  #laidOut() {
    const { method, data, epoch, accuracy, started, size } = this.cells;
    this.star.ariaLabel = `Star ${this.id}`;
    const actions = element("div", { className: "rwp-actions" }, element("a", { href: `${ROOT}/?clone=${encodeURIComponent(this.id)}`, title: "Fill the form with the settings of this run" }, "Clone"), this.zip, this.delete);
    const cells = [
      element("td", {}, this.star),
      element("th", { scope: "row" }, this.name.input, this.open),
      method, data,
      element("td", {}, this.badge),
      epoch, accuracy, started, size,
      element("td", { className: "rwp-labels" }, this.tags.input, this.note.input),
      element("td", {}, actions),
    ];
    ["", "", "Method", "Data, model", "State", "Epoch", "Accuracy", "Started", "Size", "", ""].forEach((title, at) => Object.assign(cells[at].dataset, { title }));
    const row = element("tr", {}, ...cells);
    row.dataset.run = this.id;
    return row;
  }
}

function listed(text) {
  return text.split(",").map((tag) => tag.trim()).filter(Boolean);
}
