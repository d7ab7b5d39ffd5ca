// Comparing: the page Compare with some runs ticked, in one tab beside this one.
import { ROOT } from "./root.js";

export function compareAddress(runs) {
  return `${ROOT}/compare?runs=${runs.map(encodeURIComponent).join(",")}`;
}

// Where the browser opens no tab, whoever calls has a link to the same.
export function openCompare(runs) {
  window.open(compareAddress(runs), "rwp-compare");
}
