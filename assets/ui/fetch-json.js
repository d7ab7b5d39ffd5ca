// A request whose refusal says what is wrong and how to mend it.
export async function fetchJson(url, options) {
  const response = await fetch(url, options).catch(() => null);
  if (!response) throw new Error("The studio does not answer. Start it again, or wait a moment");
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(content.problems?.map(advice).join("; ") ?? "The studio could not do this");
  return content;
}

export function postJson(url, given = {}) {
  return fetchJson(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(given) });
}

// What is wrong and its cure, in one line.
export function advice({ what, cure }) {
  return [what, cure].filter(Boolean).join(". ");
}
