// Rows: a list that is drawn anew again and again, though not under a finger; the keyboard stays where it is.
import { Hold } from "./hold.js";

export class Rows {
  constructor(parent) {
    this.parent = parent;
    this.next = null; // what is to be drawn once the finger is gone
    this.hold = new Hold(parent, () => this.#letGo());
  }

  replace(rows) {
    this.next = rows;
    if (this.hold.isHeld) return;
    const key = this.parent.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.key : null;
    this.parent.replaceChildren(...rows);
    this.next = null;
    if (key) this.parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  #letGo() {
    if (this.next) this.replace(this.next);
  }
}
