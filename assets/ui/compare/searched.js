// Searched: which numbers the ticked groups differ in, and what accuracy each value came to.
import { differing } from "./rows.js";

const WIDE = 20; // from this ratio of its ends on a scale is logarithmic

// The fields with numbers that were set differently, those with most values first, each with what it has.
export function searchedFields(rows, fields) {
  const found = differing(rows, fields).map(({ path, short }) => {
    const values = [...new Set(rows.map(({ settings }) => settings[path]).filter((value) => typeof value === "number"))].sort((a, b) => a - b);
    return { path, short, values };
  });
  return found.filter(({ values }) => values.length > 1).sort((a, b) => b.values.length - a.values.length);
}

// Mean accuracy in per cent at every pair of values, one row for each value of `y`; null where there is none.
export function heat(rows, x, y) {
  return y.values.map((down) => x.values.map((across) => {
    const here = rows.filter(({ settings, accuracy }) => settings[x.path] === across && settings[y.path] === down && accuracy !== null);
    return here.length ? (100 * here.reduce((sum, { accuracy }) => sum + accuracy, 0)) / here.length : null;
  }));
}

export function isLogarithmic(values) {
  return values[0] > 0 && values.at(-1) / values[0] >= WIDE;
}

// Where on an axis from 0 to 1 a value lies.
export function placeOf(value, { values }) {
  const at = isLogarithmic(values) ? Math.log : (number) => number;
  return (at(value) - at(values[0])) / (at(values.at(-1)) - at(values[0]));
}
