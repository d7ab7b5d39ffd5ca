// Editable: a text that is saved when somebody leaves it or presses Enter; Escape brings back what was there.
export class Editable {
  constructor(input, label, save) {
    this.input = input;
    this.save = save;
    this.saved = "";
    input.classList.add("rwp-edit");
    input.ariaLabel = label;
    input.addEventListener("change", () => this.#change());
    input.addEventListener("keydown", (event) => this.#onKey(event));
  }

  show(text) {
    this.saved = text;
    if (document.activeElement !== this.input && !this.isRefused && this.input.value !== text) this.input.value = text;
  }

  get isRefused() {
    return this.input.getAttribute("aria-invalid") === "true";
  }

  async #change() {
    try {
      await this.save(this.input.value);
      this.#refuse("");
      if (document.activeElement !== this.input) this.input.value = this.saved;
    } catch (error) {
      this.#refuse(error.message);
    }
  }

  #refuse(reason) {
    this.input.setAttribute("aria-invalid", String(Boolean(reason)));
    this.input.title = reason;
    this.input.setCustomValidity(reason);
    if (reason) this.input.reportValidity();
  }

  #onKey(event) {
    const isDone = event.key === "Enter" && !(event.shiftKey && this.input instanceof HTMLTextAreaElement);
    if (event.key === "Escape") {
      this.input.value = this.saved;
      this.#refuse("");
    } else if (!isDone) return;
    event.preventDefault();
    this.input.blur();
  }
}
