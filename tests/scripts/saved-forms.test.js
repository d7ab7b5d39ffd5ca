// Saved forms and starred recipes, kept in the browser.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { removeForm, saveForm, savedForms, starred, toggleStar } from "../../assets/ui/setup/saved-forms.js";

let kept;
beforeEach(() => {
  kept = new Map();
  globalThis.localStorage = /** @type {any} */ ({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) });
});

test("a form is saved, saved again as the newest, and removed", () => {
  saveForm("a", "1");
  saveForm("b", "2");
  saveForm("a", "3");
  assert.deepEqual(Object.entries(savedForms()), [["b", "2"], ["a", "3"]]);
  assert.equal(removeForm("b"), "2");
  assert.deepEqual(savedForms(), { a: "3" });
});

test("a star is put and taken away", () => {
  toggleStar("demo");
  toggleStar("lab/x");
  toggleStar("demo");
  assert.deepEqual([...starred()], ["lab/x"]);
});

test("what cannot be read is as if there were nothing", () => {
  kept.set("rwp-saved-forms", "{");
  assert.deepEqual(savedForms(), {});
});
