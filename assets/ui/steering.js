// Steering: pause, resume, stop, measure; each button works only where it applies.
import { fetchJson } from "./fetch-json.js";

export class Steering {
  constructor(root, find) {
    this.buttons = [...root.querySelectorAll("[data-ask]")];
    this.log = find("log");
    this.message = find("message");
    this.asked = null; // {action, state}: asked for, and the state it was asked in
    for (const button of this.buttons) button.addEventListener("click", () => this.#ask(button.dataset.ask));
    this.actions = {}; // by name, in which states each can be asked
    fetchJson("/api/actions").then((actions) => {
      this.actions = actions;
      this.draw(this.status);
    });
    this.follow("");
  }

  follow(run) {
    this.run = run;
    this.asked = null;
    this.log.hidden = !run;
    if (run) this.log.href = `/api/runs/${encodeURIComponent(run)}/log`;
    this.draw(null);
  }

  draw(status) {
    this.status = status;
    if (this.asked && this.asked.state !== status?.state) this.asked = null;
    for (const button of this.buttons) {
      const { ask } = button.dataset;
      const applies = this.#applies(ask, status);
      button.disabled = !applies || this.asked?.action === ask;
      button.hidden = !applies && (ask === "pause" || ask === "resume") && button !== this.#placeholder(status);
    }
  }

  // Pause and Resume share one place; where neither applies, Pause stands there greyed out.
  #placeholder(status) {
    const resumable = this.#applies("resume", status);
    return resumable ? null : this.buttons.find((button) => button.dataset.ask === "pause");
  }

  #applies(ask, status) {
    return Boolean(status) && Boolean(this.actions[ask]?.states.includes(status.state));
  }

  async #ask(action) {
    if (!this.status) return;
    this.asked = { action, state: this.status.state };
    this.draw(this.status);
    setTimeout(() => this.#letAgain(), 5000);
    try {
      await fetchJson(`/api/runs/${encodeURIComponent(this.run)}/${action}`, { method: "POST" });
    } catch (error) {
      this.message.textContent = error.message;
      this.#letAgain();
    }
  }

  #letAgain() {
    this.asked = null;
    this.draw(this.status);
  }
}
