// A link to a form has what differs from the form as it is at first, and gives it back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formIn, linkTo } from "../../assets/ui/setup/form-link.js";

const initial = { "method.name": "m-rwp", "method.sigma": 0.12, "data.path": "" };
const place = { origin: "http://127.0.0.1:7860", pathname: "/" };

test("what differs is in the link, and comes back from it", () => {
  const link = new URL(linkTo({ ...initial, "method.sigma": 0.2, "data.path": "a b&c=d", launcher: "Slurm" }, initial, place));
  assert.deepEqual(JSON.parse(formIn(link.searchParams)), { "method.sigma": 0.2, "data.path": "a b&c=d" });
});

test("a form as it is at first needs nothing", () => {
  assert.equal(linkTo(initial, initial, place), "http://127.0.0.1:7860/");
  assert.equal(formIn(new URLSearchParams("run=x")), "");
});
