// Checkpoints: which there are of the shown run, what they take of the disk, and which stay.
import { element } from "../lib/element.js";
import { fetchJson, postJson } from "../lib/fetch-json.js";
import { Fork } from "./fork.js";
import { bytes, count, percent } from "../lib/format.js";
import { Rows } from "../lib/rows.js";

const NOTHING_LEFT = "Nothing is left to train from here: extend the run first";
const PAUSE = { open: 1000, closed: 10_000 }; // ms between two looks

export class Checkpoints {
  // `budget` tells how many GB they may take; null is no limit.
  constructor(find, forking) {
    this.budget = forking.budget;
    this.frame = find("checkpoints");
    this.summary = find("checkpoints-summary");
    this.rows = new Rows(find("checkpoint-rows"));
    this.refusal = find("pin-refusal");
    this.fork = new Fork(find, this, forking);
    this.frame.addEventListener("toggle", () => this.load());
    find("to-checkpoints").addEventListener("click", () => this.#reveal());
    this.follow("");
  }

  follow(run) {
    clearTimeout(this.timer);
    this.run = run;
    this.timer = 0;
    this.found = [];
    this.picked = null;
    this.tell();
    this.rows.replace([]);
    this.fork.follow(run);
    this.load();
  }

  // Say how many there are and what they take.
  tell() {
    const used = bytes(this.found.reduce((sum, one) => sum + one.bytes, 0));
    const limit = this.budget() ? ` (budget ${bytes(1e9 * this.budget())})` : "";
    this.summary.textContent = this.found.length ? `${this.found.length} · ${used} of the disk${limit}` : "none yet";
  }

  // Another one was saved, or there are more epochs to train: look soon.
  take({ events }) {
    if (events.some(({ kind }) => ["checkpoint", "changed"].includes(kind))) this.timer ||= setTimeout(() => this.load(), this.frame.open ? PAUSE.open : PAUSE.closed);
  }

  // Step of the one that is to be forked: until somebody picks another, the newest that leaves steps to be taken.
  get step() {
    const usable = this.found.filter(({ left }) => left);
    return usable.some(({ step }) => step === this.picked) ? this.picked : usable.at(-1)?.step ?? null;
  }

  async load() {
    const { run } = this;
    clearTimeout(this.timer);
    this.timer = 0;
    if (!run) return;
    try {
      const found = await fetchJson(this.#url("checkpoints"));
      if (run === this.run) this.#show(found);
    } catch (error) {
      this.refusal.textContent = error.message;
    }
  }

  #reveal() {
    this.frame.open = true;
    this.frame.scrollIntoView({ block: "center" });
    this.frame.querySelector("summary").focus();
  }

  #show(found) {
    this.found = found;
    this.refusal.textContent = "";
    this.tell();
    if (this.frame.open) this.rows.replace(found.toReversed().map((one) => this.#row(one)));
    this.fork.draw();
  }

  #row({ step, bytes: size, accuracy, left, newest, best, pinned }) {
    const choice = element("input", { type: "radio", name: "rwp-checkpoint", checked: step === this.step, disabled: !left, title: left ? "" : NOTHING_LEFT });
    choice.dataset.key = `choose ${step}`;
    choice.addEventListener("input", () => {
      this.picked = step;
      this.fork.draw();
    });
    const reasons = [newest && "newest", best && "best", pinned && "pinned"].filter(Boolean).join(", ");
    const cells = [element("label", {}, choice, count(step)), percent(accuracy), bytes(size), reasons, this.#pinButton(step, pinned)];
    return element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));
  }

  #pinButton(step, isPinned) {
    const title = isPinned ? "It may be removed when newer ones come" : "Keep it whatever comes";
    const text = isPinned ? "Unpin" : "Pin";
    const button = element("button", { type: "button", title, ariaLabel: `${text} step ${step}` }, text);
    button.dataset.key = `pin ${step}`;
    button.addEventListener("click", () => this.#pin(step, !isPinned));
    return button;
  }

  async #pin(step, isOn) {
    try {
      this.#show(await postJson(this.#url(isOn ? "pin" : "unpin"), { step }));
    } catch (error) {
      this.refusal.textContent = error.message;
    }
  }

  #url(route) {
    return `/api/runs/${encodeURIComponent(this.run)}/${route}`;
  }
}
