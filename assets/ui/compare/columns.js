// Columns: what the table shows of each row; by itself the fields that somebody has set, and not to the same value in all rows.
import { element } from "../lib/element.js";
import { count, duration, numeral, percent } from "../lib/format.js";
import { differing, unlike, VARIOUS } from "./rows.js";

const METHOD = { key: "method", title: "Method", of: ({ method }) => method };
const RESULTS = [
  { key: "seeds", title: "Seeds", of: (row) => (row.members.length > 1 ? count(row.seeds) : `seed ${row.seed}`) },
  { key: "state", title: "State", of: ({ state }) => state },
  { key: "accuracy", title: "Last accuracy", of: ({ accuracy }) => percent(accuracy) },
  { key: "best", title: "Best accuracy", of: ({ best }) => percent(best) },
  { key: "gradients", title: "Gradients", of: ({ gradients }) => count(gradients) },
  { key: "seconds", title: "Time", of: ({ seconds }) => duration(seconds) },
  { key: "parent", title: "Forked from", of: ({ parent }) => parent },
];

// All columns that would tell rows apart, each with whether it `isUsual`.
export function columns(rows, fields) {
  const usual = new Set(differing(rows, fields).map(({ path }) => path));
  const settings = unlike(rows, fields).filter(({ path }) => path !== "method.name");
  return [{ ...METHOD, isUsual: true }, ...settings.map((field) => ({ ...setting(field), isUsual: usual.has(field.path) })), ...RESULTS.map((one) => ({ ...one, isUsual: true }))];
}

// Those of them that are shown: the chosen ones, separated by commas, or where nothing was chosen the usual ones.
export function shownColumns(all, chosen) {
  const keys = new Set(chosen.split(","));
  return chosen ? all.filter(({ key }) => keys.has(key)) : all.filter(({ isUsual }) => isUsual);
}

function setting({ path, short }) {
  return { key: path, title: short, of: ({ settings }) => (settings[path] === undefined || settings[path] === null ? "–" : settings[path] === VARIOUS ? "various" : numeral(settings[path])) };
}

// The boxes with which columns are chosen.
export class ColumnChoice {
  constructor(find, onChoose) {
    this.place = find("column-choice");
    this.onChoose = onChoose;
    this.told = "";
    find("usual-columns").addEventListener("click", () => onChoose(""));
  }

  show(all, shown) {
    const keys = shown.map(({ key }) => key);
    const told = JSON.stringify([all.map(({ key }) => key), keys]);
    if (told === this.told) return; // the box that was just ticked keeps the focus
    this.told = told;
    this.place.replaceChildren(...all.map((column) => this.#box(column, all, keys)));
  }

  #box({ key, title }, all, shown) {
    const box = element("input", { type: "checkbox", checked: shown.includes(key), value: key });
    box.addEventListener("change", () => this.#choose(all));
    return element("label", { title: key }, box, title);
  }

  // Without any column the usual ones are back.
  #choose(all) {
    const ticked = [...this.place.querySelectorAll("input")].filter(({ checked }) => checked).map(({ value }) => value);
    this.told = JSON.stringify([all.map(({ key }) => key), ticked]);
    this.onChoose(ticked.join(","));
  }
}
