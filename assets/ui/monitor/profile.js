// Profile: where the time of a step goes, as one bar, and the newest trace to download.
import { percent } from "../lib/format.js";
import { ROOT } from "../lib/root.js";

export class Profile {
  constructor(find) {
    this.whole = find("profile");
    this.bar = find("profile-bar");
    this.parts = find("profile-parts");
    this.trace = find("trace");
  }

  follow(run) {
    this.run = run;
    this.whole.hidden = true;
    this.trace.hidden = true;
  }

  take({ reset, status, events }) {
    if (reset) this.trace.hidden = true;
    const newest = events.findLast(({ kind }) => kind === "trace");
    if (newest) this.#offer(newest);
    const shares = Object.entries(status.profile);
    this.whole.hidden = !shares.length;
    if (JSON.stringify(shares) !== this.shown) this.#draw(shares);
  }

  #offer({ step, data }) {
    this.trace.href = `${ROOT}/api/runs/${this.run}/traces/${data.file}`;
    this.trace.textContent = `Download the trace up to step ${step}`;
    this.trace.hidden = false;
  }

  #draw(shares) {
    this.shown = JSON.stringify(shares);
    this.bar.replaceChildren(...shares.map(([, share], at) => segment(share, at)));
    this.parts.replaceChildren(...shares.map(([part, share], at) => entry(part, share, at)));
  }
}

function segment(share, at) {
  const piece = document.createElement("span");
  piece.dataset.part = at;
  piece.style.flexGrow = share;
  return piece;
}

function entry(part, share, at) {
  const item = document.createElement("li");
  item.dataset.part = at;
  item.textContent = `${part} ${percent(share)}`;
  return item;
}
