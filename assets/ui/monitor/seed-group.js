// Group: mean and spread over the finished runs that differ from the shown one in nothing but their seed.
import { learn } from "../lib/fetch-json.js";
import { leftOut, spread } from "../lib/format.js";
import { isChange } from "./changes.js";

const PAUSE = 2000; // ms between two looks, because every look reads all runs of the group

export class Group {
  // `members` tells how many runs there are of the group of the one shown.
  constructor(find, { members, onChange }) {
    this.members = members;
    this.hint = find("group");
    this.switch = find("show-group");
    this.label = find("group-choice");
    this.onChange = onChange;
    this.timer = 0;
    this.switch.addEventListener("input", () => this.onChange());
    this.follow("");
  }

  get isShown() {
    return this.switch.checked && this.curves.size > 0;
  }

  // What the mean is of.
  get title() {
    return `${this.seeds} finished ${this.seeds === 1 ? "seed" : "seeds"}${leftOut(this)}`;
  }

  follow(run) {
    clearTimeout(this.timer);
    this.run = run;
    this.timer = 0;
    this.curves = new Map();
    this.seeds = 0;
    this.repeats = 0;
    this.unfinished = 0;
    this.#describe();
  }

  // A change makes it a run of another group.
  take({ reset, metrics, events }) {
    if (reset || "test/accuracy" in metrics || events.some(isChange)) this.refresh();
  }

  // Look soon, and from then on for as long as a run of the group goes on. Once a run has left its group, what was found of it goes.
  refresh() {
    if (this.members() > 1 || this.seeds) this.#lookAfter(this.curves.size ? PAUSE : 0);
  }

  #lookAfter(pause) {
    this.timer ||= setTimeout(() => this.#load(), pause);
  }

  async #load() {
    const { run } = this;
    const found = await learn(`/api/runs/${encodeURIComponent(run)}/group`);
    if (run !== this.run) return;
    this.timer = 0;
    if (found) this.#show(found);
  }

  #show({ runs, repeats, unfinished, to_come: toCome, metrics }) {
    this.curves = new Map(Object.entries(metrics));
    this.seeds = runs.length;
    this.repeats = repeats;
    this.unfinished = unfinished;
    this.#describe();
    this.onChange();
    if (toCome) this.#lookAfter(PAUSE);
  }

  #describe() {
    const curve = this.curves.get("test/accuracy");
    this.label.hidden = !this.curves.size;
    this.hint.hidden = !curve && !(this.seeds === 1 && this.repeats);
    this.hint.textContent = curve ? `${this.title}: test accuracy ${ending(curve)}.` : `${this.title}: a mean takes two seeds.`;
  }
}

function ending({ step, value, deviation, count }) {
  const [mean, spreading] = [value.at(-1), deviation.at(-1)].map((one) => 100 * one);
  return `${spread(mean, spreading)} % (mean ± standard deviation of the ${count.at(-1)} that reached step ${step.at(-1)})`;
}
