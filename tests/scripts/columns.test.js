import assert from "node:assert/strict";
import test from "node:test";
import { columns, shownColumns } from "../../assets/ui/compare/columns.js";

const FIELDS = [{ path: "method.name", short: "method" }, { path: "method.sigma", short: "σ" }, { path: "method.eta", short: "η" }];
const row = (settings, changed) => ({ method: "rwp", settings, changed, members: [1], seed: 3, state: "finished", accuracy: 0.5, best: null, gradients: 10, seconds: 1, parent: "" });
const ROWS = [row({ "method.sigma": 0.1, "method.eta": 1 }, ["method.sigma"]), row({ "method.sigma": 0.2 }, ["method.sigma"])];
const keys = (shown) => shown.map(({ key }) => key);

test("by itself a column is a field that was set and differs", () => {
  const all = columns(ROWS, FIELDS);
  assert.deepEqual(keys(all).slice(0, 3), ["method", "method.sigma", "method.eta"]);
  assert.deepEqual(keys(shownColumns(all, "")).slice(0, 3), ["method", "method.sigma", "seeds"]);
  assert.deepEqual(all[2].of(ROWS[0]), "1");
  assert.deepEqual(all[2].of(ROWS[1]), "–");
});

test("chosen columns stand in the order of all", () => {
  assert.deepEqual(keys(shownColumns(columns(ROWS, FIELDS), "seeds,method.eta,gone")), ["method.eta", "seeds"]);
});
