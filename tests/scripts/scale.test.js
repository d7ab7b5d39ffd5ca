// Scale: the places of a slider and the values they stand for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scaleOf } from "../../assets/ui/lib/scale.js";

test("an even scale has a place for every step", () => {
  const { places, value, place } = scaleOf({ min: 0, max: 1, step: 0.05, log_from: null });
  assert.equal(places, 20);
  assert.deepEqual([0, 7, 20].map(value), [0, 0.35, 1]);
  assert.deepEqual([0, 0.35, 1].map(place), [0, 7, 20]);
});

test("a logarithmic scale has 0 at its left end, then what it is logarithmic from, and ends at its maximum", () => {
  const { places, value, place } = scaleOf({ min: 0, max: 0.2, step: 0.001, log_from: 0.001 });
  assert.deepEqual([0, 1, places].map(value), [0, 0.001, 0.2]);
  assert.deepEqual([0, 0.001, 0.2].map(place), [0, 1, places]);
});

test("values rise with the places, and each comes back to its own place", () => {
  for (const options of [{ min: 0, max: 0.2, step: 0.001, log_from: 0.001 }, { min: 0.01, max: 10, step: 0.01, log_from: 0.01 }]) {
    const { places, value, place } = scaleOf(options);
    const values = Array.from({ length: places + 1 }, (_, at) => value(at));
    assert.deepEqual(values, values.toSorted((one, other) => one - other));
    values.forEach((one, at) => assert.ok(Math.abs(place(one) - at) <= 1));
  }
});
