// Picker: which run is shown. Reads the list when it may have changed, not all the time.
import { learn } from "../lib/fetch-json.js";
import { moment, percent } from "../lib/format.js";

const EMPTY_PAUSE = 3000; // ms between looks while there is no run at all

export class Picker {
  constructor(find, onShow) {
    this.select = find("picker");
    this.onShow = onShow;
    this.rows = [];
    this.shown = null;
    this.select.addEventListener("input", () => this.#show(this.select.value));
    this.select.addEventListener("focus", () => this.refresh());
  }

  // Show the run that the address names, or else the newest.
  async begin(wanted) {
    await this.refresh();
    const known = this.rows.some((row) => row.id === wanted);
    if (this.shown === null) this.#show(known ? wanted : this.rows[0]?.id ?? "");
  }

  async refresh(show) {
    this.rows = (await learn("/api/runs")) ?? this.rows;
    if (show && show !== this.shown) this.#show(show);
    else if (this.shown === "" && this.rows.length) this.#show(this.rows[0].id);
    this.#list();
    this.select.dispatchEvent(new Event("rwp:listed"));
    if (!this.rows.length) setTimeout(() => this.refresh(), EMPTY_PAUSE);
  }

  // What the list says of the run that is shown.
  get row() {
    return this.rows.find(({ id }) => id === this.shown);
  }

  // How many runs there are that differ from the shown one in nothing but their seed, itself among them.
  get members() {
    return this.rows.filter(({ group }) => group === this.row?.group).length;
  }

  // The row of the run that is shown, kept current from its stream.
  draw({ status, accuracy }) {
    const { row } = this;
    if (!row || (row.state === status.state && row.accuracy === (accuracy ?? null))) return;
    Object.assign(row, { state: status.state, accuracy: accuracy ?? null });
    const option = [...this.select.options].find(({ value }) => value === row.id);
    if (option) option.textContent = describe(row);
  }

  #show(run) {
    this.shown = run;
    this.onShow(run);
    this.select.value = run;
  }

  #list() {
    this.select.replaceChildren(...this.rows.map((row) => new Option(describe(row), row.id)));
    this.select.value = this.shown;
    this.select.disabled = !this.rows.length;
  }
}

function describe({ labels, created, method, dataset, model, seed, state, accuracy }) {
  const called = [labels.star ? "★" : "", labels.name].filter(Boolean).join(" ");
  const parts = [...(called ? [called] : []), moment(created), method, dataset, model, `seed ${seed}`, state];
  if (accuracy !== null) parts.push(percent(accuracy));
  return parts.join(" · ");
}
