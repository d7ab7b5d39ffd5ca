// Axes: steps as epochs, seconds and gradient evaluations; smoothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AXES, placeOf, smoothed } from "../../assets/ui/charts/axes.js";

const curve = { step: [0, 5, 10], seconds: [0, 1, 2] };
const status = { step: 10, steps: 20, epochs: 4, gradient_evaluations: 20, epoch_curve: [] };

test("without an epoch curve, epochs are an even share of the steps", () => {
  assert.deepEqual(AXES.epoch(curve, status), [0, 1, 2]);
});

test("an epoch curve bends where the batch size was changed", () => {
  const bent = { ...status, epoch_curve: [[0, 0], [4, 2], [20, 4]] };
  assert.deepEqual(AXES.epoch({ step: [2, 4, 12] }, bent), [1, 2, 3]);
});

test("gradient evaluations are steps times what each takes, and before the first step the steps themselves", () => {
  assert.deepEqual(AXES.evaluations(curve, status), [0, 10, 20]);
  assert.deepEqual(AXES.evaluations(curve, { ...status, step: 0, gradient_evaluations: 0 }), [0, 5, 10]);
});

test("a step has its place on every axis", () => {
  const store = { status, secondsAt: (step) => step / 10 };
  assert.deepEqual(["step", "epoch", "seconds", "evaluations"].map((axis) => placeOf(axis, 10, store)), [10, 2, 1, 20]);
});

test("smoothing is a moving average without bias at the start; gaps stay gaps", () => {
  assert.deepEqual(smoothed([1, 2], 0), [1, 2]);
  assert.equal(smoothed([3, 3, 3], 0.9)[2].toFixed(9), "3.000000000");
  const [first, gap, third] = smoothed([1, null, 2], 0.5);
  assert.equal(first, 1);
  assert.equal(gap, null);
  assert.equal(third, (0.5 * 0.5 * 1 + 0.5 * 2) / (1 - 0.25));
});
