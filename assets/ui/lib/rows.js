// Rows: a list that is drawn anew again and again, though not under a finger; the keyboard stays where it is.
export class Rows {
  constructor(parent) {
    this.parent = parent;
    this.next = null; // what is to be drawn once the finger is gone
    this.isHeld = false;
    parent.addEventListener("pointerdown", () => {
      this.isHeld = true;
    });
    for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(() => this.#letGo())); // after the click
  }

  replace(rows) {
    this.next = rows;
    if (this.isHeld) return;
    const key = this.parent.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.key : null;
    this.parent.replaceChildren(...rows);
    this.next = null;
    if (key) this.parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  #letGo() {
    this.isHeld = false;
    if (this.next) this.replace(this.next);
  }
}
