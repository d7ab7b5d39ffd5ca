// Format: numbers as people read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, duration, leftOut, multiple, numeral, percent, spread, uncertain } from "../../assets/ui/lib/format.js";

test("what is not known is a dash", () => {
  for (const format of [count, percent, multiple, duration]) assert.deepEqual([format(null), format(undefined)], ["–", "–"]);
});

test("numbers are grouped, shares are per cent, and factors have a sign", () => {
  assert.deepEqual([count(1234567), percent(0.98765), multiple(1.5601)], ["1,234,567", "98.77 %", "1.56×"]);
});

test("durations grow from seconds to hours", () => {
  assert.deepEqual([0.25, 9.96, 42.4, 61, 3599, 3600, 90_061].map(duration), ["0.3 s", "10.0 s", "42 s", "1:01 min", "59:59 min", "1:00 h", "25:01 h"]);
});

test("bytes have three digits", () => {
  assert.deepEqual([0, 1234, 5_678_900, 1.25e9].map(bytes), ["0 kB", "1.23 kB", "5.68 MB", "1.25 GB"]);
});

test("a mean may have no deviation, and a group may have left runs out", () => {
  assert.deepEqual([spread(97.126, 0.5), spread(97.126, null)], ["97.13 ± 0.50", "97.13"]);
  assert.deepEqual([{}, { repeats: 1 }, { repeats: 2, unfinished: 3 }].map(leftOut), ["", ", 1 repeat left out", ", 2 repeats and 3 unfinished left out"]);
});

test("the value of a field is as short as it can be", () => {
  assert.deepEqual([null, 0.1 + 0.2, 1e-9, true, "sgd"].map(numeral), ["off", "0.3", "1e-9", "true", "sgd"]);
});

test("a value has the digits that its error leaves it", () => {
  const told = [[0.19761, 0.02749], [28.47, 3.71], [1234.5, 56], [0.000123, 0.0000041], [2.5, 0], [2.5, NaN]].map(([value, error]) => uncertain(value, error));
  assert.deepEqual(told, ["0.198 ± 0.027", "28.5 ± 3.7", "1235 ± 56", "0.0001230 ± 0.0000041", "2.5", "2.5"]);
});
