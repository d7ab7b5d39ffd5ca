import assert from "node:assert/strict";
import test from "node:test";
import { heat, isLogarithmic, placeOf, searchedFields } from "../../assets/ui/compare/searched.js";

const FIELDS = [{ path: "method.name", short: "method" }, { path: "method.sigma", short: "σ" }, { path: "method.lambda", short: "λ" }];
const row = (sigma, lambda, accuracy) => ({ accuracy, settings: { "method.name": "m-rwp", "method.sigma": sigma, "method.lambda": lambda }, changed: ["method.sigma", "method.lambda"] });
const ROWS = [row(0.1, 0.5, 0.4), row(0.1, 1, 0.6), row(0.2, 0.5, 0.8), row(0.2, 0.5, 0.6), row(0.3, 1, null)];

test("what was searched are the numbers that differ, those with most values first", () => {
  assert.deepEqual(searchedFields(ROWS, FIELDS), [{ path: "method.sigma", short: "σ", values: [0.1, 0.2, 0.3] }, { path: "method.lambda", short: "λ", values: [0.5, 1] }]);
  assert.deepEqual(searchedFields([row(0.1, 1, 0.5), row(0.1, 1, 0.5)], FIELDS), []);
});

test("a cell is the mean of what has both of its values, and empty where nothing was trained", () => {
  const [sigma, lambda] = searchedFields(ROWS, FIELDS);
  assert.deepEqual(heat(ROWS, sigma, lambda), [[40, 70, null], [60, null, null]]);
});

test("numbers over several orders of magnitude stand on a logarithmic axis", () => {
  assert.equal(isLogarithmic([0.01, 0.1, 1]), true);
  assert.equal(isLogarithmic([0.1, 1]), false);
  assert.equal(isLogarithmic([0, 100]), false);
  assert.ok(Math.abs(placeOf(0.1, { values: [0.01, 1] }) - 0.5) < 1e-12);
  assert.equal(placeOf(0.2, { values: [0.1, 0.3] }).toFixed(12), "0.500000000000");
});
