// Words: whether some texts hold all that is looked for, in any order, whatever stands between its letters and digits.
export function holds(texts, wanted) {
  const known = texts.map(plain);
  return wanted.split(/\s+/).map(plain).every((word) => known.some((text) => text.includes(word)));
}

function plain(text) {
  return text.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}
