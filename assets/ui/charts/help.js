// Help: a question mark that tells what a chart is, and what to look for on it.
import { element } from "../lib/element.js";

export function questionMark(title, text) {
  const mark = element("summary", {}, "?");
  mark.setAttribute("aria-label", `What is ${title}?`);
  const fold = element("details", { className: "rwp-help" }, mark, element("p", {}, text));
  fold.addEventListener("focusout", ({ relatedTarget }) => {
    if (!fold.contains(/** @type {Node | null} */ (relatedTarget))) fold.open = false;
  });
  fold.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") fold.open = false;
  });
  return fold;
}
