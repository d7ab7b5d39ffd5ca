// Marks: where on a chart a field was changed; those that would touch become one band.
import assert from "node:assert/strict";
import { test } from "node:test";
import { marks } from "../../assets/ui/charts/marks.js";

const colours = { faint: "#888888" };

function drawn(list, pixel) {
  const changes = { list, short: (path) => path };
  return marks(changes, { at: (step) => step, pixel, colours });
}

const two = [{ step: 10, path: "σ", old: 0.1, new: 0.2 }, { step: 20, path: "σ", old: 0.2, new: 0.30001 }];

test("changes far apart have a mark each", () => {
  const { shapes, annotations } = drawn(two, 0.1);
  assert.deepEqual(shapes.map(({ x0, x1 }) => [x0, x1]), [[10, 10], [20, 20]]);
  assert.deepEqual(annotations.map(({ text }) => text), ["σ 0.1 → 0.2", "σ 0.2 → 0.3"]);
});

test("changes close together are one band, from the first to the last", () => {
  const { shapes, annotations } = drawn(two.toReversed(), 1);
  assert.deepEqual(shapes.map(({ x0, x1 }) => [x0, x1]), [[10, 20]]);
  assert.deepEqual(annotations.map(({ text }) => text), ["σ 0.1 → 0.2 → 0.3"]);
});

test("many fields are counted, and what they are is told on hovering", () => {
  const many = ["a", "b", "c<b>"].map((path) => ({ step: 1, path, old: null, new: true }));
  const [{ text, hovertext }] = drawn(many, 1).annotations;
  assert.equal(text, "3 changes");
  assert.equal(hovertext, "step 1: a off → true<br>step 1: b off → true<br>step 1: cb off → true");
});
