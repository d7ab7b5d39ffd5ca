// A request whose refusal says what is wrong and how to mend it.
export async function fetchJson(url, options) {
  const response = await fetch(url, options);
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(content.problems?.map(({ what, cure }) => [what, cure].filter(Boolean).join(". ")).join("; ") ?? "The studio could not do this");
  return content;
}
