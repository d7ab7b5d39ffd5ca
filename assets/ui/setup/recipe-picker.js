// RecipePicker: a recipe, or a saved form, is searched by words and taken by mouse or keyboard; `take` hands it on.
import { element } from "../lib/element.js";
import { holds } from "../lib/words.js";
import { followSaving } from "./saving.js";
import { removeForm, saveForm, savedForms, starred, toggleStar } from "./saved-forms.js";

export function mount(root, { recipes, initial }, take) {
  const [input, list, note] = ["input", "ul", "[data-recipe-note]"].map((part) => root.querySelector(part));
  const { tell } = followSaving(root, initial);
  let active = null;

  function point(next) {
    active?.setAttribute("aria-selected", "false");
    active = next ?? null;
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) input.setAttribute("aria-activedescendant", active.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function open() {
    const found = offered(recipes).filter(({ dataset }) => holds([dataset.words], input.value));
    list.replaceChildren(...found);
    list.hidden = !found.length;
    note.textContent = found.length ? "" : "No recipe matches";
    note.hidden = found.length > 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    point(input.value.trim() ? found[0] : null);
  }

  function close() {
    list.hidden = note.hidden = true;
    input.setAttribute("aria-expanded", "false");
    point(null);
  }

  function choose({ dataset }) {
    input.value = ""; // so that the next search starts from nothing
    input.dataset.chosen = dataset.name;
    input.dataset.form = dataset.kind === "form" ? savedForms()[dataset.name] : "";
    close();
    take();
  }

  // A recipe is put first, or is not any more; a saved form is removed, and can be had back.
  function mark({ dataset: { kind, name } }) {
    if (kind === "recipe") toggleStar(name);
    else {
      const removed = removeForm(name);
      tell(`“${name}” is removed.`, () => saveForm(name, removed));
    }
    open();
    point([...list.children].find(({ dataset }) => dataset.kind === kind && dataset.name === name));
  }

  function move(by) {
    if (list.hidden) open();
    const shown = [...list.children];
    const at = active ? shown.indexOf(active) + by : by > 0 ? 0 : -1;
    point(shown.at(at % shown.length));
  }

  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: ({ altKey }) => active && (altKey ? mark : choose)(active),
    Escape: close,
  };
  input.addEventListener("click", open);
  input.addEventListener("input", open);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key](event);
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // so that the input keeps the keyboard
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => (target.closest("[data-mark]") ? mark : choose)(target.closest("[role=option]")));
}

// Saved forms, starred recipes, and all others.
function offered(recipes) {
  const stars = starred();
  const forms = Object.keys(savedForms()).toReversed().map((name) => ({ kind: "form", name, title: name, words: `${name} saved`, mark: "×", hint: "Remove" }));
  const all = recipes.map(([title, name]) => stars.has(name)
    ? { kind: "recipe", name, title: `★ ${title}`, words: `${title} ${name} starred`, mark: "★", hint: "Not first any more" }
    : { kind: "recipe", name, title, words: `${title} ${name}`, mark: "☆", hint: "Put it first" });
  return [...forms, ...all.filter(({ name }) => stars.has(name)), ...all.filter(({ name }) => !stars.has(name))].map(option);
}

function option({ kind, name, title, words, mark, hint }, at) {
  const sign = element("span", { title: hint, ariaHidden: "true" }, mark);
  sign.dataset.mark = "";
  const made = element("li", { id: `rwp-recipe-${at}`, role: "option", ariaSelected: "false" }, kind === "form" ? `Saved · ${title}` : title, sign);
  Object.assign(made.dataset, { kind, name, words });
  return made;
}
