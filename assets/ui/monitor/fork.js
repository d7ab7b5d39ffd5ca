// Fork: new runs that start from a checkpoint of the shown one, with its own method or with those that are ticked.
import { compareAddress, openCompare } from "../lib/comparing.js";
import { element } from "../lib/element.js";
import { postJson } from "../lib/fetch-json.js";
import { count } from "../lib/format.js";
import { ROOT } from "../lib/root.js";

export class Fork {
  // `checkpoints` knows which checkpoint it is to be; `methods` are all there are, `paper` those of the paper.
  constructor(find, checkpoints, { methods, paper, onForked, onShow }) {
    this.checkpoints = checkpoints;
    this.paper = paper;
    this.onForked = onForked;
    this.onShow = onShow;
    this.note = find("fork-note");
    this.button = find("fork");
    this.boxes = methods.map((name) => element("input", { type: "checkbox", value: name }));
    const choice = find("fork-methods");
    choice.append(...this.boxes.map((box) => element("label", {}, box, box.value)));
    choice.addEventListener("input", () => this.draw());
    find("all-six").addEventListener("click", () => this.#tickSix());
    this.button.addEventListener("click", () => this.#fork());
  }

  follow(run) {
    this.run = run;
    for (const box of this.boxes) box.checked = false;
    this.#say("");
    this.draw();
  }

  draw() {
    const { step } = this.checkpoints;
    const runs = this.#ticked.length;
    this.button.disabled = step === null;
    this.button.title = step === null ? "There is no checkpoint with steps left: extend the run first" : "";
    this.button.textContent = step === null ? "Nothing to fork" : `Fork step ${count(step)} ${runs ? `into ${runs} ${runs === 1 ? "run" : "runs"}` : "as it is"}`;
  }

  get #ticked() {
    return this.boxes.filter(({ checked }) => checked).map(({ value }) => value);
  }

  #tickSix() {
    const six = this.boxes.filter(({ value }) => this.paper.includes(value));
    const isOn = six.some(({ checked }) => !checked);
    for (const box of six) box.checked = isOn;
    this.draw();
  }

  async #fork() {
    const methods = this.#ticked;
    this.button.disabled = true;
    try {
      await this.checkpoints.load(); // what was the newest may be gone by now
      const { step } = this.checkpoints;
      const { runs } = await postJson(`/api/runs/${encodeURIComponent(this.run)}/fork`, { step, methods });
      const together = [this.run, ...runs];
      this.#say(
        `${runs.length === 1 ? "One run that starts" : `${runs.length} runs that start`} from step ${count(step)}: `, ...runs.flatMap((run) => [this.#link(run), " "]),
        element("a", { href: compareAddress(together), target: "rwp-compare" }, "Compare them"),
      );
      openCompare(together);
      this.onForked();
    } catch (error) {
      this.#say(error.message);
    }
    await this.checkpoints.load();
  }

  #link(run) {
    const link = element("a", { href: `${ROOT}/?run=${encodeURIComponent(run)}` }, run);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.onShow(run);
    });
    return link;
  }

  #say(...content) {
    this.note.replaceChildren(...content);
    this.note.hidden = !this.note.textContent;
  }
}
