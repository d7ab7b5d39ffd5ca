// The Start button reacts at once, and again when the new run is there.
import { whileBusy } from "../lib/busy.js";

export function followStart(onStarted) {
  whileBusy("rwp:starting", "rwp:started", (busy) => {
    const button = /** @type {HTMLButtonElement} */ (document.querySelector("#rwp-start"));
    button.disabled = busy;
    button.setAttribute("aria-busy", String(busy));
  });
  document.addEventListener("rwp:started", ({ detail: run }) => {
    if (run) onStarted(run);
    else document.querySelector("#rwp-problems")?.scrollIntoView({ block: "nearest" });
  });
}
