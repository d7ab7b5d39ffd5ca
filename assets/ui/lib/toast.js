// Toast: a line at the foot of the page that tells what was done, and lets it be undone for a while.
const SECONDS = 15;

export class Toast {
  constructor(find) {
    this.frame = find("toast");
    this.text = find("toast-text");
    this.button = find("undo");
    this.timer = 0;
    this.button.addEventListener("click", () => this.#onUndo());
    this.frame.addEventListener("focusin", () => clearTimeout(this.timer)); // who has come here by keyboard has time
    this.frame.addEventListener("focusout", () => this.#hideLater());
  }

  say(text, undo = null) {
    this.undo = undo;
    this.text.textContent = text;
    this.button.hidden = !undo;
    this.frame.hidden = false;
    this.#hideLater();
    if (undo) this.button.focus();
  }

  #onUndo() {
    const { undo } = this;
    this.frame.hidden = true;
    undo?.();
  }

  #hideLater() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.frame.hidden = true;
    }, SECONDS * 1000);
  }
}
