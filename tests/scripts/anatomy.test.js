// The picture of one step: arrows at the measured angles, and the same in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrowsOf, inWords } from "../../assets/ui/monitor/anatomy.js";

const half = Math.SQRT1_2;
const mixed = {
  step: 3, direction: 1, moved: 0.1,
  gradients: [{ perturbed: true, radius: 2.5, length: 2 }, { perturbed: false, radius: null, length: 1 }],
  cosines: [[1, 0, half, half], [0, 1, half, half], [half, half, 1, 1], [half, half, 1, 1]],
};
const sgd = { step: 1, direction: 3, moved: 0.3, gradients: [{ perturbed: false, radius: null, length: 3 }], cosines: [[1, 1, 1], [1, 1, 1], [1, 1, 1]] };

const way = ({ from, to }) => [to[0] - from[0], to[1] - from[1]];
const length = (arrow) => Math.hypot(...way(arrow));

test("two gradients lie to the sides of the direction, as long as measured and at their angles", () => {
  const [epsilon, perturbed, clean, mix, moved] = arrowsOf(mixed);
  assert.deepEqual([epsilon.kind, perturbed.kind, clean.kind, mix.kind, moved.kind], ["epsilon", "perturbed", "clean", "mix", "moved"]);
  assert.equal(epsilon.isNoise, true);
  assert.deepEqual(perturbed.from, epsilon.to);
  assert.deepEqual([clean.from, mix.from], [epsilon.from, epsilon.from]);
  assert.ok(Math.abs(length(perturbed) / length(clean) - 2) < 1e-9);
  assert.ok(Math.abs(way(mix)[0]) < 1e-9 && way(mix)[1] > 0, "downhill is down");
  const angles = [perturbed, clean].map((one) => Math.atan2(way(one)[0], way(one)[1]) * 180 / Math.PI);
  assert.ok(Math.abs(angles[0] - 45) < 1e-6 && Math.abs(angles[1] + 45) < 1e-6);
});

test("plain SGD has one gradient, and no perturbation", () => {
  assert.deepEqual(arrowsOf(sgd).map(({ kind }) => kind), ["clean", "mix", "moved"]);
});

test("SAM climbs before it looks", () => {
  const sam = { ...mixed, gradients: [mixed.gradients[1], mixed.gradients[0]] };
  const [epsilon, clean, perturbed] = arrowsOf(sam);
  assert.equal(epsilon.isNoise, false);
  assert.ok(way(epsilon)[1] < 0, "uphill");
  assert.deepEqual([clean.from, perturbed.from], [epsilon.from, epsilon.to]);
});

test("what is drawn is told", () => {
  assert.deepEqual(inWords(mixed), [
    "‖ε‖ = 2.5", "‖∇L(w + ε)‖ = 2, 45° from the direction", "‖∇L(w)‖ = 1, 45° from the direction", "the two gradients are 90° apart", "‖direction‖ = 1",
    "‖Δw‖ = 0.1, 0° from straight against the direction: momentum and weight decay",
  ]);
  assert.equal(inWords(sgd).length, 2);
});
