// While a recipe or another run fills the form, nothing can be typed there, for it would be overwritten, and nothing started or
// filled in otherwise, for the slower answer would win.
import { whileBusy } from "../lib/busy.js";

const PARTS = "#rwp-fields, #rwp-start, #rwp-clone, #rwp-undo-filling";

export function followFilling() {
  let had = null; // what had the keyboard, which it loses
  whileBusy("rwp:filling", "rwp:filled", (busy) => {
    document.querySelector("#rwp-fields").setAttribute("aria-busy", String(busy));
    if (busy) had ??= document.activeElement?.closest(PARTS) && document.activeElement;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(PARTS))) part.inert = busy;
    if (busy) return;
    if (document.activeElement === document.body) /** @type {HTMLElement | null} */ (had)?.focus();
    had = null;
  });
}
