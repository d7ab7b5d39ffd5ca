// Query: words and conditions such as method:m-arwp sigma>0.01 tag:"late sam", all of which have to hold. A minus before one turns it round.
import { holds } from "../lib/words.js";

const TERM = /(?:[^\s"]|"[^"]*")+/g;
const CONDITION = /^([\p{L}\p{N}_./]+)(:|!=|>=|<=|=|>|<)(.*)$/u;
const OWN = ["id", "name", "method", "dataset", "model", "seed", "state", "parent", "step", "accuracy", "best", "seconds", "gradients"];
const COMPARED = { ">": (a, b) => a > b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, "<=": (a, b) => a <= b };

// Whether a row is meant by the text. Throws an error that says where the text is wrong.
export function parse(text, fields, common) {
  const readers = known(fields, common);
  if (text.split('"').length % 2 === 0) throw new Error(`a quotation mark is not closed (at character ${text.lastIndexOf('"') + 1})`);
  const terms = [...text.matchAll(TERM)].map(({ 0: term, index }) => (term.startsWith("-") && term.length > 1 ? not(meaning(term.slice(1), index + 1, readers)) : meaning(term, index, readers)));
  return (row) => terms.every((holdsFor) => holdsFor(row));
}

function not(term) {
  return (row) => !term(row);
}

function meaning(term, at, readers) {
  const found = CONDITION.exec(term);
  if (!found) return (row) => holds([row.id, row.name, ...row.tags, row.method, row.dataset, row.model, row.state], bare(term));
  const [, name, operator, quoted] = found;
  const wanted = bare(quoted);
  const value = readers.get(name.toLowerCase());
  if (!value) throw new Error(`there is no field “${name}” (at character ${at + 1}); there are ${OWN.join(", ")}, tag and those of the form`);
  if (!wanted) throw new Error(`“${term}” lacks a value (at character ${at + term.length + 1})`);
  if (operator in COMPARED) return ordered(value, operator, wanted, at + name.length + operator.length);
  const matches = matcher(wanted);
  const isEqual = (row) => [value(row)].flat().some(matches);
  return operator === "!=" ? not(isEqual) : isEqual;
}

function bare(text) {
  return text.replaceAll('"', "");
}

function ordered(value, operator, wanted, at) {
  const limit = Number(wanted);
  if (Number.isNaN(limit)) throw new Error(`“${wanted}” is no number (at character ${at + 1})`);
  return (row) => typeof value(row) === "number" && COMPARED[operator](value(row), limit);
}

// Whether a value is the one that is wanted; in a text a star stands for anything.
function matcher(wanted) {
  const pattern = wanted.replace(/[^\p{L}\p{N}*]/gu, "\\$&").replaceAll("*", ".*");
  const text = new RegExp(`^${pattern}$`, "i");
  return (value) => (typeof value === "number" ? value === Number(wanted) : text.test(String(value ?? "")));
}

// How each field that can be asked for is read from a row: by its path, by the last part of it, or by its sign.
function known(fields, common) {
  const readers = new Map(OWN.map((name) => [name, (row) => row[name]]));
  readers.set("tag", (row) => row.tags);
  for (const { path, short } of fields) {
    const read = (row) => (path in row.settings ? row.settings[path] : common[path]);
    for (const name of [path, path.split(".").at(-1), short]) if (!readers.has(name.toLowerCase())) readers.set(name.toLowerCase(), read);
  }
  return readers;
}
