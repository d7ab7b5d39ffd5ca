// Toolbar: how the charts are drawn; remembered in this browser.
const KEY = "rwp-toolbar";

export class Toolbar {
  constructor(find, onChange) {
    this.smoothing = find("smoothing");
    this.shown = find("smoothing-value");
    this.log = find("log-scale");
    this.axisChoice = find("axis");
    this.onChange = onChange;
    this.#restore();
    for (const control of [this.smoothing, this.log, this.axisChoice]) control.addEventListener("input", () => this.#changed());
  }

  get options() {
    return { weight: Number(this.smoothing.value), log: this.log.checked, axis: this.axisChoice.value };
  }

  #changed() {
    this.shown.textContent = Number(this.smoothing.value).toFixed(2);
    localStorage.setItem(KEY, JSON.stringify(this.options));
    this.onChange();
  }

  #restore() {
    const { weight = 0.6, log = false, axis = "step" } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    this.smoothing.value = weight;
    this.log.checked = log;
    this.axisChoice.value = axis;
    this.shown.textContent = Number(weight).toFixed(2);
  }
}
