// FormMemory: what stands in the form, kept in this tab, so that a reload does not lose it.
import { setDrawer } from "./drawer.js";
import { followFilling } from "./filling.js";
import { formIn } from "./form-link.js";

const KEY = "rwp-form";
const BEFORE = "rwp-form-before"; // what stood in the form each time before a recipe or a run filled it
const MOST = 20;
let isOpen = false; // until the form has been filled again nothing is kept, or the defaults would take its place

// What the form is to show when the page is opened: a form, a recipe or the settings of a run that the address names, or what stood there.
export function asked() {
  followFilling();
  const query = new URLSearchParams(location.search);
  const named = ["recipe", "clone"].map((name) => query.get(name) ?? "");
  const form = formIn(query);
  for (const name of ["recipe", "clone", "form"]) query.delete(name); // a reload keeps what was changed since
  if (form || named.some(Boolean)) {
    setDrawer(true);
    history.replaceState(history.state, "", `${location.pathname}${query.size ? "?" : ""}${query}`);
  }
  const kept = form || current();
  document.dispatchEvent(new CustomEvent("rwp:filling"));
  document.addEventListener("rwp:filling", () => remember([...before(), sessionStorage.getItem(KEY)].filter(Boolean)));
  remember(before());
  return [...named, kept];
}

// What stands in the form, in JSON; "" if nobody has changed anything.
export function current() {
  return sessionStorage.getItem(KEY) ?? "";
}

// What is to stand in the form again.
export function undone() {
  const list = before();
  const last = list.pop() ?? "";
  document.dispatchEvent(new CustomEvent("rwp:filling"));
  remember(list);
  return [last];
}

function before() {
  return JSON.parse(sessionStorage.getItem(BEFORE) ?? "[]");
}

function remember(list) {
  sessionStorage.setItem(BEFORE, JSON.stringify(list.slice(-MOST)));
  document.documentElement.dataset.formUndo = String(list.length > 0);
}

export function begin() {
  isOpen = true;
  document.dispatchEvent(new CustomEvent("rwp:filled"));
}

export function keep(paths, values) {
  if (isOpen) sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(paths.map((path, at) => [path, values[at]]))));
}
