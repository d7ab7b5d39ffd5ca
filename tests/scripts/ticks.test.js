// Ticks: an axis of logarithms that shows the numbers themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { between, logarithmic, rangeOf } from "../../assets/ui/charts/ticks.js";

test("numbers become logarithms, none stays none, and zero is finite", () => {
  const { z } = logarithmic([[1, 100], [null, 0]]);
  assert.deepEqual(z, [[0, 2], [null, -9]]);
});

test("a narrow range has more marks than a wide one, all within it", () => {
  for (const [low, high] of [[0, 1], [-1, 1], [-6, 2]]) {
    const { tickvals, ticktext } = between(low, high);
    assert.ok(tickvals.length >= 5);
    assert.ok(tickvals.every((value) => value >= low && value <= high));
    assert.deepEqual(tickvals, tickvals.toSorted((one, other) => one - other));
    tickvals.forEach((value, at) => assert.ok(Math.abs(Math.log10(Number(ticktext[at])) - value) < 1e-9));
  }
});

test("several grids have one range, and each may be marked for it", () => {
  const range = rangeOf([[[1, 10]], [[null, 1000]]]);
  assert.deepEqual(range, [0, 3]);
  assert.deepEqual(logarithmic([[1, 10]], range).ticks, between(0, 3));
});
