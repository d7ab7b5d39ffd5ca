import assert from "node:assert/strict";
import test from "node:test";
import { csv } from "../../assets/ui/charts/csv.js";

test("a curve has a line for each point, and a band its two sides", () => {
  const line = { uid: "a", name: "sgd, mean of 2", x: [1, 2], y: [0.5, null] };
  const band = { uid: "band-a", x: [1, 2, 2, 1], y: [3, 4, 2, 1], fill: "toself" };
  assert.deepEqual(csv([line, band]).split("\r\n"), [
    "series,x,y", '"sgd, mean of 2",1,0.5', '"sgd, mean of 2",2,', "band-a upper,1,3", "band-a upper,2,4", "band-a lower,1,1", "band-a lower,2,2",
  ]);
});

test("a plane has its values, not their logarithms", () => {
  const surface = { x: [0, 1], y: [5], z: [[0, null]] };
  assert.deepEqual(csv([surface, { x: [0], y: [0] }]).split("\r\n"), ["x,y,value", "0,5,1", "1,5,"]);
  assert.deepEqual(csv([{ type: "heatmap", x: ["0.1", "0.2"], y: ["1"], z: [[93.5, null]] }]).split("\r\n"), ["x,y,value", "0.1,1,93.5", "0.2,1,"]);
});

test("no text is a formula", () => {
  assert.equal(csv([{ name: '=1+"2"', x: [1], y: [-1] }]).split("\r\n")[1], `"'=1+""2""",1,-1`);
});
