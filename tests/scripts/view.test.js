import assert from "node:assert/strict";
import test from "node:test";

globalThis.history = { replaceState: (_state, _title, url) => { globalThis.address = url; } };
globalThis.location = { search: "", pathname: "/compare" };
const { View } = await import("../../assets/ui/compare/view.js");

test("the address is the view, and the other way round", () => {
  const view = new View("");
  view.set("q", "sigma>0.01 tag:a b");
  view.set("sort", "-method.sigma");
  view.tick(["x", "y", "z"], true);
  view.tick(["y"], false);
  const again = new View(globalThis.address.replace("/compare", ""));
  assert.equal(again.get("q"), "sigma>0.01 tag:a b");
  assert.equal(again.get("sort"), "-method.sigma");
  assert.deepEqual([...again.ticked], ["x", "z"]);
  assert.equal(again.search, view.search);
});

test("what is as usual is not told", () => {
  const view = new View("?by=run");
  view.set("by", "group");
  assert.equal(globalThis.address, "/compare");
});
