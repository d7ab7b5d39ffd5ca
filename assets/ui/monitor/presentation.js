// Presentation: the knobs, two charts and the landscape on the whole screen, for a room; by its button or the key p.
const TYPING = "input:not([type=range]), textarea, select, [contenteditable]";

export class Presentation {
  constructor(find) {
    this.button = find("present");
    this.button.addEventListener("click", () => this.#toggle());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("fullscreenchange", () => !document.fullscreenElement && this.#set(false));
  }

  follow(run) {
    this.button.hidden = !run;
    if (!run) this.#set(false);
  }

  get isOn() {
    return document.documentElement.dataset.presenting === "true";
  }

  #onKey({ key, target, ctrlKey, altKey, metaKey }) {
    if (ctrlKey || altKey || metaKey || this.button.hidden || /** @type {Element} */ (target).closest?.(TYPING)) return;
    if (key === "p") this.#toggle();
    if (key === "Escape" && this.isOn) this.#set(false);
  }

  // Where a browser gives no full screen, the page fills its window.
  #toggle() {
    this.#set(!this.isOn);
    if (this.isOn) document.documentElement.requestFullscreen?.().catch(() => null);
  }

  #set(isOn) {
    if (isOn === this.isOn) return;
    document.documentElement.dataset.presenting = String(isOn);
    this.button.setAttribute("aria-pressed", String(isOn));
    this.button.textContent = isOn ? "Leave (p)" : "Present";
    if (!isOn && document.fullscreenElement) document.exitFullscreen();
    dispatchEvent(new Event("resize")); // by which the charts take their new size
  }
}
