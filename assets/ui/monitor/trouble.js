// Trouble: why a training ended or waits, what can be done about it, and the buttons that do it.
import { element } from "../lib/element.js";
import { numeral } from "../lib/format.js";
import { BROKEN } from "./states.js";

const TITLES = { failed: "The training failed", diverged: "The training diverged", interrupted: "The training was interrupted", paused: "The training waits" };
const SILENT = "The engine does not answer";
const IN_WORDS = {
  "optimizer.lr": (value, before) => (value === before / 2 ? `half the learning rate (${numeral(value)})` : `learning rate ${numeral(value)}`),
  "data.accepted": () => "the images that are there",
  "runtime.accumulate": (value) => `each batch in ${value} parts`,
};

export class Trouble {
  // `present` gives the value of a field.
  constructor(find, { asking, changes, present }) {
    this.asking = asking;
    this.changes = changes;
    this.present = present;
    this.frame = find("trouble");
    this.follow();
  }

  follow() {
    this.shown = "";
    this.frame.hidden = true;
  }

  isAbout({ state, field, silent_since: silent }) {
    return Boolean(silent) || BROKEN.includes(state) || (state === "paused" && field === "disk");
  }

  draw({ status }) {
    const { state, field, message, remedy, silent_since: silent } = status;
    const words = Object.entries(remedy).map(([path, value]) => this.#inWords(path, value, this.present(path))).join(" and ");
    const now = JSON.stringify([state, field, message, words, silent]);
    if (now === this.shown) return; // so that screen readers hear only changes, and a button stays under the finger
    this.shown = now;
    this.frame.hidden = !this.isAbout(status);
    if (this.frame.hidden) return;
    const about = element("p", {}, ...(field ? [element("code", {}, field), " "] : []), message);
    this.refusal = element("p", { className: "rwp-refusal" });
    this.frame.dataset.state = state;
    this.frame.replaceChildren(element("strong", {}, silent ? SILENT : TITLES[state]), about, this.#buttons(state, remedy, words), this.refusal);
  }

  #inWords(path, value, before) {
    return IN_WORDS[path]?.(value, before) ?? `${this.changes.short(path)} ${numeral(value)}`;
  }

  #buttons(state, remedy, words) {
    const row = element("div", { className: "rwp-actions" });
    if (!BROKEN.includes(state)) return row;
    if (words) row.append(this.#button(`Resume with ${words}`, () => this.#resumeWith(remedy)));
    row.append(this.#button(words ? "Resume as it was" : "Resume", () => this.#ask("resume", {})));
    return row;
  }

  #button(text, onClick) {
    const button = element("button", { type: "button", textContent: text });
    button.addEventListener("click", onClick);
    return button;
  }

  // The change waits in the run's folder for the engine that is started next.
  async #resumeWith(remedy) {
    await this.#ask("set", { changes: remedy });
    if (!this.refusal.textContent) await this.#ask("resume", {});
  }

  #ask(action, given) {
    this.refusal.textContent = "";
    return this.asking.ask(action, given, (refusal) => {
      this.refusal.textContent = refusal;
    });
  }
}
