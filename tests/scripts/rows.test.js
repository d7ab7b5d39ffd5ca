import assert from "node:assert/strict";
import test from "node:test";
import { differing, grouped, groupedBy, label, sorted, unlike, VARIOUS } from "../../assets/ui/compare/rows.js";

const FIELDS = [{ path: "method.name", short: "method" }, { path: "method.sigma", short: "σ" }, { path: "method.batches", short: "batches" }];
const run = (id, group, more) => ({ id, group, name: "", method: "rwp", seed: 0, state: "finished", accuracy: 0.5, best: 0.6, seconds: 1, gradients: 10, created: 0, settings: {}, changed: [], ...more });

test("a group has the means of its runs", () => {
  const [row] = grouped([run("a", "g", { accuracy: 0.4 }), run("b", "g", { accuracy: 0.6, seed: 1, state: "running" }), run("c", "g", { accuracy: null })]);
  assert.equal(row.id, "g");
  assert.equal(row.accuracy, 0.5);
  assert.equal(row.seeds, 2);
  assert.equal(row.state, "finished, running");
  assert.equal(grouped([run("a", "g", { accuracy: null })])[0].accuracy, null);
});

test("runs are grouped by a field, and what they have not in common is various", () => {
  const runs = [
    run("a", "g", { accuracy: 0.4, settings: { "method.sigma": 0.1, "method.batches": "same" } }),
    run("b", "h", { accuracy: 0.6, settings: { "method.sigma": 0.1, "method.batches": "different" }, method: "arwp", seed: 1 }),
    run("c", "i", { settings: { "method.batches": "same" } }),
  ];
  const rows = groupedBy(runs, FIELDS[1], {});
  assert.deepEqual(rows.map(({ name, method, accuracy, seeds }) => [name, method, accuracy, seeds]), [["σ 0.1, 2 runs", "various", 0.5, 2], ["σ –, 1 run", "rwp", 0.5, 1]]);
  assert.deepEqual(rows[0].settings, { "method.sigma": 0.1, "method.batches": VARIOUS });
  assert.deepEqual(unlike(rows, FIELDS).map(({ path }) => path), ["method.sigma", "method.batches"]);
  assert.deepEqual(sorted(rows, "method.batches").map(({ name }) => name), ["σ –, 1 run", "σ 0.1, 2 runs"]);
  assert.equal(groupedBy(runs, { path: "data.label_noise", short: "noise" }, { "data.label_noise": 0.4 })[0].name, "noise 0.4, 3 runs");
});

test("columns are the fields that were set to different values", () => {
  const rows = [run("a", "g", { settings: { "method.sigma": 0.1, "method.batches": "same" }, changed: ["method.sigma"] }), run("b", "h", { settings: { "method.sigma": 0.2, "method.batches": "different" } })];
  assert.deepEqual(differing(rows, FIELDS).map(({ path }) => path), ["method.sigma"]);
  assert.deepEqual(differing([rows[0], rows[0]], FIELDS), []);
});

test("a label has what was set", () => {
  assert.equal(label(run("a", "g", { settings: { "method.sigma": 0.1 }, changed: ["method.name", "method.sigma"] }), FIELDS, []), "rwp σ 0.1");
  assert.equal(label(run("a", "g", {}), FIELDS, [FIELDS[1]]), "rwp");
  assert.equal(label(run("a", "g", { settings: { "method.sigma": 0.05 } }), FIELDS, [FIELDS[1]]), "rwp σ 0.05");
  assert.equal(label(run("a", "g", { settings: { "method.sigma": 0.05 } }), FIELDS, []), "rwp");
});

test("what has no value stands last, whichever way it is sorted", () => {
  const rows = [run("a", "a", { accuracy: null }), run("b", "b", { accuracy: 0.1 }), run("c", "c", { accuracy: 0.9 })];
  assert.deepEqual(sorted(rows, "-accuracy").map(({ id }) => id), ["c", "b", "a"]);
  assert.deepEqual(sorted(rows, "accuracy").map(({ id }) => id), ["b", "c", "a"]);
  const settings = [run("a", "a", { settings: { "method.sigma": 2 } }), run("b", "b", { settings: { "method.sigma": 10 } })];
  assert.deepEqual(sorted(settings, "-method.sigma").map(({ id }) => id), ["b", "a"]);
});
