// Asking: what this page asks of the shown run, and the answers that its engine gives later.
import { advice, postJson } from "../lib/fetch-json.js";

export class Asking {
  constructor() {
    this.follow("");
  }

  follow(run) {
    this.run = run;
    this.waiting = new Map(); // id of what was asked → who wants the answer
    this.answers = new Map(); // id → what is wrong with what was asked; empty if nothing is
  }

  // Ask for an action. `onAnswer` gets the reason of a refusal, or "" when it is done. Resolves once it has been asked.
  async ask(action, given, onAnswer) {
    const { run } = this;
    try {
      const { id } = await postJson(`/api/runs/${encodeURIComponent(run)}/${action}`, given);
      if (run !== this.run) return;
      if (!id || this.answers.has(id)) onAnswer(this.answers.get(id) ?? "");
      else this.waiting.set(id, onAnswer);
    } catch (error) {
      onAnswer(error.message);
    }
  }

  take({ events }) {
    for (const { kind, data } of events) {
      if (!data.id || (kind !== "command" && kind !== "refused") || this.answers.has(data.id)) continue;
      this.answers.set(data.id, kind === "refused" ? advice(data) : "");
      this.waiting.get(data.id)?.(this.answers.get(data.id));
      this.waiting.delete(data.id);
    }
  }
}
