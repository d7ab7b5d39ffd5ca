// Trash: the deleted runs, to be had back one by one, or lost together once that has been confirmed.
import { element } from "../lib/element.js";
import { postJson } from "../lib/fetch-json.js";
import { bytes, count } from "../lib/format.js";

export class Trash {
  constructor(find, { onRestored, onEmptied, toast }) {
    this.frame = find("trash");
    this.title = find("trash-title");
    this.list = find("trash-list");
    this.dialog = find("confirm");
    this.text = find("confirm-text");
    this.onRestored = onRestored;
    this.onEmptied = onEmptied;
    this.toast = toast;
    this.runs = [];
    find("trash-empty").addEventListener("click", () => this.#ask());
    this.dialog.addEventListener("close", () => this.#answered());
  }

  take(runs) {
    if (JSON.stringify(runs) === JSON.stringify(this.runs)) return;
    this.runs = runs;
    this.frame.hidden = !runs.length;
    this.title.textContent = `Trash: ${amount(runs)}`;
    this.list.replaceChildren(...runs.map((run) => this.#line(run)));
  }

  async restore(name) {
    try {
      const { run } = await postJson(`/api/trash/${encodeURIComponent(name)}/restore`);
      this.toast.say(`${run} is back.`);
      await this.onRestored(run);
    } catch (error) {
      this.toast.say(error.message);
    }
  }

  #line({ id, name, bytes: size }) {
    const button = element("button", { type: "button", ariaLabel: `Restore ${id}`, onclick: () => this.restore(id) }, "Restore");
    return element("li", {}, element("span", {}, [name, id, bytes(size)].filter(Boolean).join(" · ")), button);
  }

  #ask() {
    this.doomed = this.runs;
    this.text.textContent = `${amount(this.doomed)} will be removed for good. That cannot be undone.`;
    this.dialog.returnValue = "";
    this.dialog.showModal();
  }

  // What is lost is what the person was told of, not what has come into the trash since.
  async #answered() {
    if (this.dialog.returnValue !== "lose") return;
    try {
      const { freed } = await postJson("/api/trash/empty", { runs: this.doomed.map(({ id }) => id) });
      this.toast.say(`${bytes(freed)} freed.`);
    } catch (error) {
      this.toast.say(error.message);
    }
    await this.onEmptied();
  }
}

function amount(runs) {
  const size = runs.reduce((sum, run) => sum + run.bytes, 0);
  return `${count(runs.length)} ${runs.length === 1 ? "run" : "runs"}, ${bytes(size)}`;
}
