// The group: what is drawn of other seeds goes once the run that is shown has become one of another group.
import assert from "node:assert/strict";
import { test } from "node:test";

const curve = { step: [1], value: [0.9], deviation: [0.1], count: [2] };
const EVENT = { reset: false, metrics: {}, events: [{ kind: "changed" }] };
const element = () => ({ hidden: false, textContent: "", checked: true, addEventListener() {} });

async function opened(answers) {
  globalThis.document = Object.assign(new EventTarget(), { querySelector: () => null, documentElement: { dataset: {} } });
  globalThis.fetch = async () => new Response(JSON.stringify(answers.shift()));
  const { Group } = await import("../../assets/ui/monitor/seed-group.js");
  const elements = new Map(["group", "show-group", "group-choice"].map((name) => [name, element()]));
  const drawn = [];
  const looks = { members: 2 };
  const group = new Group((name) => elements.get(name), { members: () => looks.members, onChange: () => drawn.push(group.isShown) });
  group.follow("run");
  return { group, drawn, looks, hint: elements.get("group") };
}

async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a run that the list has moved to another group before its change is told loses the mean behind it", { timeout: 60_000 }, async () => {
  const answers = [
    { runs: ["a", "b"], repeats: 0, unfinished: 0, to_come: false, metrics: { "test/accuracy": curve } },
    { runs: [], repeats: 0, unfinished: 0, to_come: false, metrics: {} },
  ];
  const { group, drawn, looks, hint } = await opened(answers);
  group.refresh();
  await until(() => drawn.length === 1);
  assert.deepEqual([drawn, hint.hidden], [[true], false]);
  looks.members = 1;
  group.take(EVENT);
  await until(() => drawn.length === 2);
  assert.deepEqual([drawn, hint.hidden], [[true, false], true]);
  group.take(EVENT);
  assert.equal(group.timer, 0, "nothing is left to look for");
});
