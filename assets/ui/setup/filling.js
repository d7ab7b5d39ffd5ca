// While a recipe or another run fills the form, nothing can be typed there, for it would be overwritten, and nothing started.
import { whileBusy } from "../lib/busy.js";

export function followFilling() {
  whileBusy("rwp:filling", "rwp:filled", (busy) => {
    document.querySelector("#rwp-fields").setAttribute("aria-busy", String(busy));
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#rwp-fields, #rwp-start"))) part.inert = busy;
  });
}
