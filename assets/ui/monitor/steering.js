// Steering: what can be asked of the shown run; each button is there where it applies.
import { learn } from "../lib/fetch-json.js";
import { ROOT } from "../lib/root.js";
import { ENDED } from "./states.js";

const STANDING = ["pause", "step", "stop"]; // greyed out, not gone, while a run is under way
const DONE = 1500; // ms for which a button shows that it was obeyed

export class Steering {
  constructor(root, find, asking) {
    this.asking = asking;
    this.find = find;
    this.actions = {};
    this.status = null;
    this.buttons = [...root.querySelectorAll("[data-ask]")];
    this.log = find("log");
    this.refusal = find("refusal");
    for (const button of this.buttons) button.addEventListener("click", () => this.#ask(button));
    for (const box of root.querySelectorAll("[data-given]")) box.addEventListener("keydown", (event) => this.#onKey(event));
    learn("/api/actions").then((actions) => this.#know(actions ?? {}));
  }

  follow(run) {
    this.log.hidden = !run;
    if (run) this.log.href = `${ROOT}/api/runs/${encodeURIComponent(run)}/log`;
    this.#tell("");
    this.#draw(null);
  }

  draw({ status }) {
    this.#draw(status);
  }

  #draw(status) {
    if (this.status?.state !== status?.state) this.#tell("");
    this.status = status;
    for (const button of this.buttons) this.#place(button, button.dataset.ask);
    for (const group of this.find("more").querySelectorAll("[data-group-of]")) group.hidden = !this.#applies(group.dataset.groupOf);
    this.find("more").hidden = ![...this.find("more").querySelectorAll("[data-ask]")].some(({ dataset }) => this.#applies(dataset.ask));
    this.find("full-speed").hidden = (status?.pace ?? null) === null;
    this.find("stop").textContent = status?.state === "queued" ? "Leave the queue" : "Stop and save";
  }

  #know(actions) {
    this.actions = actions;
    for (const button of this.buttons) button.title ||= (actions[button.dataset.ask]?.text ?? "").replaceAll("`", "");
    this.#draw(this.status);
  }

  #place(button, action) {
    const applies = this.#applies(action);
    const isUnderWay = Boolean(this.status) && !ENDED.includes(this.status.state);
    button.disabled = !applies || button.ariaBusy === "true";
    button.hidden = !applies && !(STANDING.includes(action) && isUnderWay && !(action === "pause" && this.#applies("resume")));
  }

  #applies(action) {
    return Boolean(this.status) && Boolean(this.actions[action]?.states.includes(this.status.state));
  }

  // Enter in a box does what the button beside it does.
  #onKey(event) {
    if (event.key === "Enter") event.target.closest("[data-group-of]").querySelector("[data-ask]").click();
  }

  async #ask(button) {
    const box = this.#box(button);
    if (box && !isNumber(box)) return this.#tell(`${box.parentElement.textContent.trim()}: ${box.validationMessage}`);
    button.ariaBusy = "true";
    this.#tell("");
    this.#draw(this.status);
    await this.asking.ask(button.dataset.ask, this.#given(button), (refusal) => this.#answered(button, refusal));
    button.ariaBusy = "false";
    this.#draw(this.status);
  }

  #answered(button, refusal) {
    this.#tell(refusal);
    button.classList.toggle("rwp-done", !refusal);
    setTimeout(() => button.classList.remove("rwp-done"), DONE);
  }

  // The number that belongs to a button, if any; full speed needs none.
  #box(button) {
    return button === this.find("full-speed") ? null : button.closest("[data-group-of]")?.querySelector("[data-given]");
  }

  #given(button) {
    const number = Number(this.#box(button)?.value);
    if (button.dataset.ask === "extend") return { epochs: this.status.epochs + number };
    if (button.dataset.ask === "pace") return { per_second: button === this.find("full-speed") ? null : number };
    return {};
  }

  #tell(refusal) {
    this.refusal.textContent = refusal;
    this.refusal.hidden = !refusal;
  }
}

// Whether a box holds a number of its kind; what is too small or too large is for the engine to tell.
function isNumber({ validity }) {
  return !validity.valueMissing && !validity.badInput && !validity.stepMismatch;
}
