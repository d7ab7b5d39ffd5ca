// Group: mean and spread over the runs that differ from the shown one in nothing but their seed.
import { fetchJson } from "./fetch-json.js";
import { spread } from "./format.js";

const PAUSE = 2000; // ms between two looks, because every look reads all runs of the group

export class Group {
  constructor(find, onChange) {
    this.hint = find("group");
    this.switch = find("show-group");
    this.label = find("group-choice");
    this.onChange = onChange;
    this.timer = 0;
    this.switch.addEventListener("input", () => this.onChange());
    this.follow("", 0);
  }

  get isShown() {
    return this.switch.checked && this.curves.size > 0;
  }

  follow(run) {
    clearTimeout(this.timer);
    Object.assign(this, { run, timer: 0, curves: new Map() });
    this.#describe(0);
  }

  // Look soon, and from then on for as long as a run of the group goes on.
  refresh(members) {
    if (members > 1) this.#lookAfter(this.curves.size ? PAUSE : 0);
  }

  #lookAfter(pause) {
    this.timer ||= setTimeout(() => this.#load(), pause);
  }

  async #load() {
    const { run } = this;
    const { runs, to_come: toCome, metrics } = await fetchJson(`/api/runs/${encodeURIComponent(run)}/group`);
    if (run !== this.run) return;
    this.timer = 0;
    this.curves = new Map(Object.entries(metrics));
    this.#describe(runs.length);
    this.onChange();
    if (toCome) this.#lookAfter(PAUSE);
  }

  #describe(members) {
    const curve = this.curves.get("test/accuracy");
    this.label.hidden = !this.curves.size;
    this.hint.hidden = !curve;
    if (!curve) return;
    const [mean, deviation] = [curve.value.at(-1), curve.deviation.at(-1)].map((value) => 100 * value);
    this.hint.textContent = `${members} seeds: test accuracy ${spread(mean, deviation)} % (mean ± standard deviation of the ${curve.count.at(-1)} that reached step ${curve.step.at(-1)}).`;
  }
}
