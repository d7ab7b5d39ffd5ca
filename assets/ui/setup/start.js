// The Start button reacts at once, and again when the new run is there.
import { openCompare } from "../lib/comparing.js";
import { whileBusy } from "../lib/busy.js";

export function followStart(onStarted) {
  whileBusy("rwp:starting", "rwp:started", (busy) => {
    const button = /** @type {HTMLButtonElement} */ (document.querySelector("#rwp-start"));
    button.disabled = busy;
    button.setAttribute("aria-busy", String(busy));
  });
  document.addEventListener("rwp:started", ({ detail: told }) => {
    const runs = told.split(",").filter(Boolean);
    if (runs.length) onStarted(runs[0]);
    if (runs.length > 1) openCompare(runs);
    if (!runs.length) document.querySelector("#rwp-problems")?.scrollIntoView({ block: "nearest" });
  });
}
