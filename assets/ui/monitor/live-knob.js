// LiveKnob: one field of a running run, as a slider with a number beside it, or as a number alone.
// While somebody turns it the newest value is sent, and what lay between is left out.
import { element } from "../lib/element.js";
import { scaleOf } from "../lib/scale.js";

const PAUSE = 120; // ms between two values on their way

export class LiveKnob {
  constructor(row, ask) {
    this.row = row;
    this.ask = ask;
    this.inForce = row.value;
    this.isSending = false;
    this.unanswered = 0;
    this.scale = row.step || row.log_from ? scaleOf(row) : null;
    this.slider = element("input", { type: "range", min: 0, max: this.scale?.places, hidden: !this.scale });
    this.number = element("input", { type: "number", step: "any", placeholder: row.optional ? "off" : "" });
    this.refusal = element("p", { className: "rwp-refusal", hidden: true });
    this.refusal.setAttribute("role", "alert");
    this.number.setAttribute("aria-label", row.label);
    this.slider.setAttribute("aria-label", `${row.label}, slider`);
    const name = element("span", { textContent: row.label });
    this.frame = element("div", { className: "rwp-live-knob", title: row.help }, name, this.number, this.slider, this.refusal);
    this.frame.dataset.path = row.path;
    this.slider.addEventListener("input", () => this.#turn(this.scale.value(Number(this.slider.value))));
    this.number.addEventListener("change", () => this.#type());
    this.#draw(row.value);
  }

  // What the engine works with now. It is shown unless somebody is at the knob.
  follow(value) {
    this.inForce = value;
    if (this.#isIdle) this.#draw(value);
  }

  set isUsable(usable) {
    this.slider.disabled = this.number.disabled = !usable;
  }

  get #isIdle() {
    const isTyping = document.activeElement === this.number && this.number.value !== this.drawn;
    return !this.isSending && !this.unanswered && !isTyping;
  }

  #type() {
    const { value, validity } = this.number;
    if (value === "" && (validity.badInput || !this.row.optional)) this.#draw(this.inForce);
    else this.#turn(value === "" ? null : Number(value));
  }

  #turn(value) {
    this.#draw(value);
    this.#tell("");
    this.wanted = { value };
    if (!this.isSending) this.#send();
  }

  async #send() {
    this.isSending = true;
    while (this.wanted) {
      const { value } = this.wanted;
      this.wanted = null;
      this.unanswered += 1;
      const paused = new Promise((resolve) => setTimeout(resolve, PAUSE));
      await Promise.all([this.ask(value, (refusal) => this.#answered(refusal)), paused]);
    }
    this.isSending = false;
    this.follow(this.inForce);
  }

  #answered(refusal) {
    this.unanswered -= 1;
    if (this.wanted) return;
    this.#tell(refusal);
    this.follow(this.inForce);
  }

  #tell(refusal) {
    this.refusal.textContent = refusal;
    this.refusal.hidden = !refusal;
  }

  #draw(value) {
    this.number.value = value ?? "";
    this.drawn = this.number.value;
    if (!this.scale) return;
    this.slider.value = this.scale.place(value);
    this.slider.setAttribute("aria-valuetext", `${this.row.label} ${value}`);
  }
}
