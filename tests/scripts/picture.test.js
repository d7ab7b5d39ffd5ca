// Pixels of one channel are grey, those of three have their colours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { colours } from "../../assets/ui/charts/picture.js";

test("a channel of its own for each colour, or one for all", () => {
  assert.deepEqual([...colours([1, 2], 1, 2)], [1, 1, 1, 255, 2, 2, 2, 255]);
  assert.deepEqual([...colours([1, 2, 3, 4, 5, 6], 3, 2)], [1, 3, 5, 255, 2, 4, 6, 255]);
});
