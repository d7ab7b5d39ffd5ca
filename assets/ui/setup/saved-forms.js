// SavedForms: forms that were saved under a name, and recipes that were starred; both are kept in this browser.
const FORMS = "rwp-saved-forms";
const STARS = "rwp-starred-recipes";

// Name → what stood in the form, in JSON; the newest last.
export function savedForms() {
  return read(FORMS, {});
}

export function saveForm(name, form) {
  const { [name]: _, ...others } = savedForms();
  write(FORMS, { ...others, [name]: form });
}

// Gives what was saved, so that it can be saved again.
export function removeForm(name) {
  const { [name]: removed, ...others } = savedForms();
  write(FORMS, others);
  return removed;
}

export function starred() {
  return new Set(read(STARS, []));
}

export function toggleStar(recipe) {
  const stars = starred();
  if (!stars.delete(recipe)) stars.add(recipe);
  write(STARS, [...stars]);
}

function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(key, content) {
  localStorage.setItem(key, JSON.stringify(content));
}
