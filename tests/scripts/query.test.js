import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "../../assets/ui/compare/query.js";

const FIELDS = [{ path: "method.sigma", short: "σ" }, { path: "method.lambda", short: "λ" }, { path: "data.label_noise", short: "label noise" }];
const COMMON = { "data.label_noise": 0.4 };
const row = (more) => ({ id: "a", name: "", tags: [], method: "m-arwp", dataset: "digits", model: "mlp", state: "finished", seed: 3, accuracy: 0.9, settings: { "method.sigma": 0.02 }, ...more });
const lets = (text, more = {}) => parse(text, FIELDS, COMMON)(row(more));

test("words stand anywhere in what is known of a run", () => {
  assert.ok(lets(""));
  assert.ok(lets("digits finished"));
  assert.ok(!lets("digits stopped"));
  assert.ok(lets("-stopped"));
});

test("conditions compare fields by path, by name and by sign", () => {
  for (const text of ["method.sigma>0.01", "sigma>=0.02", "σ<0.03", "σ<=.02", "sigma=0.02", "sigma:2e-2", "sigma!=0.03", "-sigma=0.03", "label_noise=0.4"]) assert.ok(lets(text), text);
  for (const text of ["sigma>0.02", "σ<0.02", "sigma=0.03", "-sigma=0.02", "lambda>0", "label_noise<0.4"]) assert.ok(!lets(text), text);
});

test("a text is meant whole, and a star stands for anything", () => {
  assert.ok(lets("method:m-arwp"));
  assert.ok(!lets("method:arwp"));
  assert.ok(lets("method:*arwp"));
  assert.ok(!lets("method:m.arwp"));
  assert.ok(lets("state:FIN*"));
  assert.ok(lets("tag:demo", { tags: ["x", "demo"] }));
  assert.ok(!lets("tag:demo", { tags: ["demonstration-2"] }));
});

test("what stands between quotation marks is one text", () => {
  assert.ok(lets('tag:"late sam"', { tags: ["late sam"] }));
  assert.ok(!lets('tag:"late sam"', { tags: ["late", "sam"] }));
  assert.ok(lets('"digits" -tag:"late sam"'));
});

test("what cannot be understood is told with its place", () => {
  assert.throws(() => lets("digits foo>1"), /no field “foo” \(at character 8\)/);
  assert.throws(() => lets('sgd tag:"late sam'), /quotation mark is not closed \(at character 9\)/);
  assert.throws(() => lets("sigma>"), /lacks a value \(at character 7\)/);
  assert.throws(() => lets("-sigma>x"), /“x” is no number \(at character 8\)/);
});
