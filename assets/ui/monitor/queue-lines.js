// The rows of the queue: what is running, what is queued with its position and its buttons, and what failed.
import { element } from "../lib/element.js";
import { duration } from "../lib/format.js";
import { ROOT } from "../lib/root.js";

// `act` carries out what the buttons say: {show, move, start, remove, retry}.
export class QueueLines {
  constructor(act) {
    this.act = act;
  }

  running(row) {
    const left = row.eta === null ? "" : `, ${duration(row.eta)} left`;
    return this.#line("▶", row, `${row.state}, step ${row.step} of ${row.steps}${left}`, []);
  }

  waiting(row, count) {
    return this.#line(row.position + 1, row, `queued${begins(row)}`, [
      button(row, "↑", "Earlier", () => this.act.move(row, row.position - 1), row.position > 0),
      button(row, "↓", "Later", () => this.act.move(row, row.position + 1), row.position < count - 1),
      button(row, "Start now", "Start it now, beside what its device trains already", () => this.act.start(row)),
      button(row, "Remove", "Take it out of the queue", () => this.act.remove(row)),
    ]);
  }

  elsewhere(row) {
    return this.#line("…", row, row.slurm, [button(row, "Remove", "Cancel its job", () => this.act.remove(row))]);
  }

  broken(row) {
    const about = row.steps ? `${row.state} at step ${row.step} of ${row.steps}` : row.state;
    return this.#line("!", row, about, [button(row, "Retry", "Queue it again; it goes on from its newest checkpoint", () => this.act.retry(row))]);
  }

  #line(sign, row, about, buttons) {
    const link = element("a", { href: `${ROOT}/?run=${encodeURIComponent(row.id)}`, title: row.id }, `${row.method} · ${row.dataset} · ${row.model} · seed ${row.seed}`);
    link.dataset.key = `${row.id} show`;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.act.show(row);
    });
    const line = element("li", {}, element("b", {}, String(sign)), link, element("span", {}, about), element("div", {}, ...buttons));
    line.dataset.run = row.id;
    return line;
  }
}

function button(row, text, title, onClick, isEnabled = true) {
  const made = element("button", { type: "button", title, disabled: !isEnabled, ariaLabel: `${title}: ${row.method}, seed ${row.seed}` }, text);
  made.dataset.key = `${row.id} ${text}`;
  made.addEventListener("click", onClick);
  return made;
}

// When a queued run starts, as far as that can be estimated.
export function begins({ begins: seconds }) {
  if (seconds === null) return "";
  return seconds < 1 ? ", starts in a moment" : `, starts in about ${duration(seconds)}`;
}
