// Queue: the runs that train, those that wait, and those that broke off; they are rearranged here.
import { element } from "../lib/element.js";
import { fetchJson, postJson } from "../lib/fetch-json.js";
import { begins, QueueLines } from "./queue-lines.js";
import { Rows } from "../lib/rows.js";
import { BROKEN } from "./states.js";

const PAUSE = { open: 2000, closed: 10_000 }; // ms between two looks
const MOST_BROKEN = 5;

export class Queue {
  constructor(find, onShow) {
    this.frame = find("queue");
    this.summary = find("queue-summary");
    this.list = new Rows(find("queue-list"));
    this.note = find("queue-note");
    this.atOnce = find("at-once");
    this.rows = [];
    this.lines = new QueueLines({
      show: ({ id }) => onShow(id),
      move: ({ id }, position) => this.#do("queue/move", { run: id, position }),
      start: ({ id }) => this.#do("queue/start", { run: id }),
      retry: ({ id }) => this.#do(`runs/${encodeURIComponent(id)}/resume`),
      remove: (row) => this.#remove(row),
    });
    this.frame.addEventListener("toggle", () => this.refresh());
    document.addEventListener("visibilitychange", () => this.refresh());
    this.follow("");
  }

  follow(run) {
    this.shown = run;
    this.state = "";
    this.#draw();
  }

  open() {
    this.frame.open = true;
    this.refresh();
  }

  // The run shown tells of itself when it begins or ends.
  draw({ status }) {
    if (status.state !== this.state) this.refresh();
    this.state = status.state;
  }

  // Look now, and again after a while as long as somebody may see it and there is something to see.
  async refresh() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    await this.#look();
    clearTimeout(this.timer);
    if (this.frame.open) this.timer = setTimeout(() => this.refresh(), PAUSE.open);
    else if (this.#isBusy) this.timer = setTimeout(() => this.refresh(), PAUSE.closed);
  }

  // Whether anything is queued, or runs beside the run that is shown.
  get #isBusy() {
    return this.rows.some(({ id, active, position, slurm }) => position !== null || slurm || (active && id !== this.shown));
  }

  async #look() {
    try {
      this.rows = await fetchJson("/api/runs");
      if (this.frame.open && !this.atOnce.contains(document.activeElement)) this.#drawAtOnce(await fetchJson("/api/queue"));
      this.#draw();
    } catch (error) {
      this.summary.textContent = error.message;
    }
  }

  #draw() {
    const running = this.rows.filter(({ active }) => active);
    const waiting = this.rows.filter(({ position }) => position !== null).sort((one, other) => one.position - other.position);
    const elsewhere = this.rows.filter(({ slurm }) => slurm);
    const broken = this.rows.filter(({ state }) => BROKEN.includes(state));
    const own = waiting.find(({ id }) => id === this.shown);
    const told = [
      `${running.length} running`,
      `${waiting.length} queued`,
      elsewhere.length && `${elsewhere.length} waiting for Slurm`,
      broken.length && `${broken.length} failed or interrupted`,
      own && `the run shown is number ${own.position + 1}${begins(own)}`,
    ];
    this.summary.textContent = told.filter(Boolean).join(" · ");
    this.frame.hidden = !this.rows.length;
    if (this.frame.open) this.#drawLines(running, waiting, elsewhere, broken.slice(0, MOST_BROKEN));
  }

  #drawLines(running, waiting, elsewhere, broken) {
    const lines = [
      ...running.map((row) => this.lines.running(row)),
      ...waiting.map((row) => this.lines.waiting(row, waiting.length)),
      ...elsewhere.map((row) => this.lines.elsewhere(row)),
      ...broken.map((row) => this.lines.broken(row)),
    ];
    for (const line of lines) line.classList.toggle("rwp-shown", line.dataset.run === this.shown);
    this.list.replace(lines.length ? lines : [element("li", {}, "Nothing is running, and nothing is queued.")]);
  }

  async #do(route, given) {
    try {
      await postJson(`/api/${route}`, given);
      this.#say("");
    } catch (error) {
      this.#say(error.message);
    }
    await this.refresh();
    return !this.note.textContent;
  }

  async #remove({ id, method, position }) {
    const resume = `runs/${encodeURIComponent(id)}/resume`;
    const back = element("button", { type: "button" }, "Undo");
    back.addEventListener("click", async () => (await this.#do(resume)) && position !== null && this.#do("queue/move", { run: id, position }));
    if (await this.#do(`runs/${encodeURIComponent(id)}/stop`)) this.#say(`${method} was taken out of the queue. `, back);
  }

  #say(...content) {
    this.note.replaceChildren(...content);
    this.note.hidden = !this.note.textContent;
  }

  #drawAtOnce({ at_once: kinds }) {
    this.atOnce.replaceChildren("At the same time: ", ...Object.entries(kinds).map(([kind, count]) => this.#atOnceBox(kind, count)));
  }

  #atOnceBox(kind, count) {
    const box = element("input", { type: "number", min: 1, max: 64, value: count });
    box.addEventListener("change", () => this.#do("queue/at_once", { [kind]: Number(box.value) }));
    return element("label", {}, box, ` on ${kind === "cpu" ? "the CPU" : `each ${kind} device`} `);
  }
}
