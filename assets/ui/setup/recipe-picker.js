// RecipePicker: a recipe is searched by words and taken by mouse or keyboard; `take` hands its name on.
import { element } from "../lib/element.js";
import { holds } from "../lib/words.js";

export function mount(root, { recipes }, take) {
  const [input, list, note] = ["input", "ul", "[role=status]"].map((part) => root.querySelector(part));
  const options = recipes.map(([title, name], at) => option(title, name, at));
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
    const found = options.filter(({ textContent, dataset }) => holds([`${textContent} ${dataset.name}`], input.value));
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

  function choose(chosen) {
    input.value = ""; // so that the next search starts from nothing
    input.dataset.chosen = chosen.dataset.name;
    close();
    take();
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
    Enter: () => active && choose(active),
    Escape: close,
  };
  input.addEventListener("click", open);
  input.addEventListener("input", open);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // so that the input keeps the keyboard
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => choose(target.closest("[role=option]")));
}

function option(title, name, at) {
  const made = element("li", { id: `rwp-recipe-${at}`, role: "option", ariaSelected: "false" }, title);
  made.dataset.name = name;
  return made;
}
