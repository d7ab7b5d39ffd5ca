// Changes: what a field was when, as far as the events tell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Changes } from "../../assets/ui/monitor/changes.js";

function changed(step, path, old, now) {
  return { kind: "changed", step, data: { path, old, new: now } };
}

function of(...events) {
  const changes = new Changes();
  changes.take(events);
  return changes;
}

test("a field has the value of the last change before", () => {
  const changes = of(changed(3, "method.sigma", 0.1, 0.2), changed(7, "method.sigma", 0.2, 0.3));
  assert.deepEqual([0, 3, 6, 7].map((step) => changes.inForce("method.sigma", step, 9)), [0.1, 0.2, 0.2, 0.3]);
  assert.equal(changes.inForce("method.eta", 5, 9), 9);
});

test("a change does away with later ones of its field, which a resumed training never came to", () => {
  const changes = of(changed(3, "a", 1, 2), changed(9, "a", 2, 3), changed(9, "b", 1, 2), changed(5, "a", 2, 4));
  assert.deepEqual(changes.list.map(({ step, path, new: now }) => [step, path, now]), [[3, "a", 2], [9, "b", 2], [5, "a", 4]]);
});

test("other events are no changes, and clearing forgets", () => {
  const changes = of({ kind: "paused", step: 1, data: {} }, changed(1, "a", 1, 2));
  assert.equal(changes.list.length, 1);
  changes.clear();
  assert.deepEqual(changes.list, []);
});

test("a field is called by its short name, or by the last part of its path", () => {
  const changes = of();
  changes.shorts.set("method.sigma", "σ");
  assert.deepEqual(["method.sigma", "runtime.evaluate_every"].map((path) => changes.short(path)), ["σ", "evaluate every"]);
});
