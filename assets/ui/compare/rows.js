// Rows of the table: runs, or groups of runs that differ in nothing but the seed.

import { numeral } from "../lib/format.js";

// One row for each group, in the order of its newest run, with what its runs have in common.
export function grouped(runs) {
  const groups = new Map(); // name → its runs
  for (const run of runs) {
    if (!groups.has(run.group)) groups.set(run.group, []);
    groups.get(run.group).push(run);
  }
  return [...groups.values()].map((members) => ({
    ...members[0],
    id: members[0].group,
    name: shared(members, ({ name }) => name) ?? "",
    members,
    state: [...new Set(members.map(({ state }) => state))].sort().join(", "),
    seeds: new Set(members.map(({ seed }) => seed)).size,
    accuracy: mean(members.map(({ accuracy }) => accuracy)),
    best: mean(members.map(({ best }) => best)),
    seconds: mean(members.map(({ seconds }) => seconds)),
    gradients: mean(members.map(({ gradients }) => gradients)),
  }));
}

export function alone(runs) {
  return runs.map((run) => ({ ...run, members: [run], seeds: 1 }));
}

// The fields that somebody has set, and not to the same value in all of these rows.
export function differing(rows, fields) {
  const set = new Set(rows.flatMap(({ changed }) => changed));
  return fields.filter(({ path }) => set.has(path) && new Set(rows.map(({ settings }) => JSON.stringify(settings[path]))).size > 1);
}

// What a group is called: its method, and what has been set in it and not in all others.
export function label(row, fields) {
  const parts = fields.filter(({ path }) => path !== "method.name" && row.changed.includes(path)).map(({ path, short }) => `${short} ${numeral(row.settings[path])}`);
  return [row.method, ...parts].join(" ");
}

export function sorted(rows, sort) {
  const [sign, key] = sort.startsWith("-") ? [-1, sort.slice(1)] : [1, sort];
  const value = (row) => (key in row ? row[key] : row.settings[key]) ?? null;
  return [...rows].sort((a, b) => compared(value(a), value(b), sign) || b.created - a.created);
}

// What has no value stands last, whichever way it is sorted.
function compared(a, b, sign) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return sign * (a < b ? -1 : a > b ? 1 : 0);
}

function mean(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

function shared(members, of) {
  const [first, ...others] = members.map(of);
  return others.every((value) => value === first) ? first : null;
}
