// Saving: what stands in the form is saved under a name, or put into a link.
import { element } from "../lib/element.js";
import { current } from "./form-memory.js";
import { linkTo } from "./form-link.js";
import { saveForm, savedForms } from "./saved-forms.js";

// `initial` has the values of the form as it is at first. Gives what tells a person something, with a way back if there is one.
export function followSaving(root, initial) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const [opener, form, field, note] = ["save-form", "save-as", "form-name", "form-note"].map(find);

  function tell(text, undo = null) {
    const button = element("button", { type: "button", onclick: () => (undo(), tell("")) }, "Undo");
    note.replaceChildren(text, ...(undo ? [" ", button] : []));
    note.hidden = !text;
  }

  function show(isShown) {
    form.hidden = !isShown;
    opener.setAttribute("aria-expanded", String(isShown));
    (isShown ? field : opener).focus();
  }

  opener.addEventListener("click", () => show(form.hidden));
  form.addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = field.value.trim();
    if (!name) return;
    const before = savedForms()[name];
    saveForm(name, current() || "{}");
    field.value = "";
    show(false);
    tell(`“${name}” is saved in this browser, and stands first among the recipes.`, before && (() => saveForm(name, before)));
  });
  find("copy-link").addEventListener("click", async () => {
    const link = linkTo(JSON.parse(current() || "{}"), initial);
    try {
      await navigator.clipboard.writeText(link);
      tell("The link is on the clipboard.");
    } catch {
      tell(link); // a page that is not on this machine may not write there
    }
  });
  return { tell };
}
