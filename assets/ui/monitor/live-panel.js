// LivePanel: the fields of the shown run that may change while it trains. What it says follows the run, so that two tabs agree.
import { learn } from "../lib/fetch-json.js";
import { LiveKnob } from "./live-knob.js";
import { numeral } from "../lib/format.js";
import { ENDED, WORKING } from "./states.js";

const WHY_NOT = {
  starting: "The engine is starting; a moment yet.",
  loading: "The data is being loaded; a moment yet.",
  finished: "This training is over. Extend it, or fork it, to go on with other values.",
};
const LATER = "What is set now holds from the next start on.";
const WIDE = matchMedia("(min-width: 861px)"); // on a phone it waits behind its title where there is nothing to turn
const ELSEWHERE = ["schedule.epochs"]; // extended with a button of its own

export class LivePanel {
  constructor(find, { asking, changes, onKnown }) {
    this.asking = asking;
    this.changes = changes;
    this.onKnown = onKnown;
    this.frame = find("live");
    this.main = find("live-main");
    this.more = find("live-more");
    this.hint = find("live-hint");
    this.undo = find("undo");
    this.undo.addEventListener("click", () => this.#undo());
    this.knobs = [];
  }

  async follow(run) {
    this.run = run;
    this.knobs = [];
    this.status = null;
    this.frame.hidden = true;
    if (!run) return;
    const rows = await learn(`/api/runs/${encodeURIComponent(run)}/live`, (reason) => this.#cannot(run, reason));
    if (rows && run === this.run) this.#know(rows);
  }

  #cannot(run, reason) {
    if (run !== this.run) return;
    this.frame.hidden = false;
    this.main.replaceChildren();
    this.more.replaceChildren();
    this.hint.textContent = reason;
  }

  #know(rows) {
    this.changes.shorts = new Map(rows.map(({ path, short }) => [path, short]));
    this.#fill(rows.filter(({ path }) => !ELSEWHERE.includes(path)));
    this.#draw();
    this.onKnown();
  }

  draw({ status }) {
    this.status = status;
    this.#draw();
  }

  #draw() {
    const { status } = this;
    if (!status || !this.knobs.length) return;
    const usable = !(status.state in WHY_NOT);
    if (this.frame.hidden) this.frame.open = WIDE.matches || !ENDED.includes(status.state);
    this.frame.hidden = false;
    for (const knob of this.knobs) {
      knob.isUsable = usable;
      knob.follow(this.changes.inForce(knob.row.path, status.step, knob.row.value));
    }
    this.hint.textContent = WHY_NOT[status.state] ?? (WORKING.includes(status.state) ? "" : LATER);
    this.#drawUndo(usable);
  }

  // The value of a field as it is now.
  present(path) {
    return this.knobs.find(({ row }) => row.path === path)?.inForce;
  }

  #fill(rows) {
    this.knobs = rows.map((row) => new LiveKnob(row, (value, onAnswer) => this.asking.ask("set", { changes: { [row.path]: value } }, onAnswer)));
    const [main, more] = [false, true].map((advanced) => this.knobs.filter(({ row }) => row.advanced === advanced).map(({ frame }) => frame));
    this.main.replaceChildren(...main);
    this.more.replaceChildren(...more);
  }

  #drawUndo(usable) {
    const last = this.changes.list.at(-1);
    this.undo.hidden = !last || last.old === undefined || !usable;
    if (last) this.undo.textContent = `Back to ${this.changes.short(last.path)} ${numeral(last.old)}`;
  }

  async #undo() {
    const { path, old } = this.changes.list.at(-1);
    await this.asking.ask("set", { changes: { [path]: old } }, (refusal) => {
      this.hint.textContent = refusal;
    });
  }
}
