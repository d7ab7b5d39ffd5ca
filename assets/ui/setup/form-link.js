// FormLink: an address that opens the page with a form; only what differs from the form as it is at first stands in it.
const NAME = "form";

export function linkTo(form, initial, { origin, pathname } = location) {
  const differing = Object.entries(form).filter(([path, value]) => path in initial && value !== initial[path]);
  const query = new URLSearchParams(differing.length ? { [NAME]: JSON.stringify(Object.fromEntries(differing)) } : {});
  return `${origin}${pathname}${query.size ? "?" : ""}${query}`;
}

// The form that an address names, in JSON; "" if it names none.
export function formIn(query) {
  return query.get(NAME) ?? "";
}
