// Rows of the table: runs, or groups of runs that differ in nothing but the seed, or that have one field in common.

import { numeral } from "../lib/format.js";

export const VARIOUS = Symbol("various");

// One row for each group, in the order of its newest run, with what its runs have in common.
export function grouped(runs) {
  return together(runs, ({ group }) => group).map((members) => ({ ...means(members), id: members[0].group }));
}

// One row for each value of the field that `path` names.
export function groupedBy(runs, { path, short }, common) {
  const valueOf = ({ settings }) => settings[path] ?? common[path];
  return together(runs, (run) => JSON.stringify(valueOf(run) ?? null)).map((members) => ({
    ...means(members),
    id: `${path}=${JSON.stringify(valueOf(members[0]) ?? null)}`,
    name: `${short} ${valueOf(members[0]) === undefined ? "–" : numeral(valueOf(members[0]))}, ${members.length} ${members.length === 1 ? "run" : "runs"}`,
    method: shared(members, ({ method }) => method) ?? "various",
    settings: inCommon(members),
    changed: [...new Set(members.flatMap(({ changed }) => changed))],
  }));
}

export function alone(runs) {
  return runs.map((run) => ({ ...run, members: [run], seeds: 1 }));
}

// The fields that have not the same value in all of these rows.
export function unlike(rows, fields) {
  return fields.filter(({ path }) => new Set(rows.map(({ settings }) => JSON.stringify(settings[path]))).size > 1 || rows.some(({ settings }) => settings[path] === VARIOUS));
}

// Those of them that somebody has set.
export function differing(rows, fields) {
  const set = new Set(rows.flatMap(({ changed }) => changed));
  return unlike(rows, fields.filter(({ path }) => set.has(path)));
}

// What a group is called: its method, what has been set in it and not in all others, and in what others of its method differ.
export function label(row, fields, varied) {
  const isTold = ({ path }) => path !== "method.name" && (row.changed.includes(path) || (varied.some((field) => field.path === path) && path in row.settings));
  const parts = fields.filter(isTold).map(({ path, short }) => `${short} ${numeral(row.settings[path])}`);
  return [row.method, ...parts, ...(row.live_changes ? ["(changed while it trained)"] : [])].join(" ");
}

export function sorted(rows, sort) {
  const [sign, key] = sort.startsWith("-") ? [-1, sort.slice(1)] : [1, sort];
  return [...rows].sort((a, b) => compared(sortValue(a, key), sortValue(b, key), sign) || b.created - a.created);
}

function sortValue(row, key) {
  const value = (key in row ? row[key] : row.settings[key]) ?? null;
  return value === VARIOUS ? null : value;
}

// What has no value stands last, whichever way it is sorted.
function compared(a, b, sign) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return sign * (a < b ? -1 : a > b ? 1 : 0);
}

function together(runs, nameOf) {
  const groups = new Map(); // name → its runs
  for (const run of runs) {
    const name = nameOf(run);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(run);
  }
  return [...groups.values()];
}

function means(members) {
  return {
    ...members[0],
    name: shared(members, ({ name }) => name) ?? "",
    members,
    state: [...new Set(members.map(({ state }) => state))].sort().join(", "),
    seeds: new Set(members.map(({ seed }) => seed)).size,
    accuracy: mean(members.map(({ accuracy }) => accuracy)),
    best: mean(members.map(({ best }) => best)),
    seconds: mean(members.map(({ seconds }) => seconds)),
    gradients: mean(members.map(({ gradients }) => gradients)),
  };
}

// The settings that all of these runs have; those in which they differ are various.
function inCommon(members) {
  const paths = new Set(members.flatMap(({ settings }) => Object.keys(settings)));
  return Object.fromEntries([...paths].map((path) => {
    const isOne = new Set(members.map(({ settings }) => JSON.stringify(settings[path]))).size === 1;
    return [path, isOne ? members[0].settings[path] : VARIOUS];
  }));
}

function mean(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

function shared(members, of) {
  const [first, ...others] = members.map(of);
  return others.every((value) => value === first) ? first : null;
}
