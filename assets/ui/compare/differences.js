// Differences: the fields in which the ticked groups are not alike, and what was changed while they trained.
import { element } from "../lib/element.js";
import { numeral } from "../lib/format.js";
import { unlike } from "./rows.js";

export class Differences {
  constructor(find) {
    this.section = find("differences");
    this.head = find("differences-head");
    this.body = find("differences-rows");
  }

  show(groups, fields, lines) {
    const columns = [...groups.values()];
    const changes = columns.map(({ row }) => told(lines.find(({ group }) => group === row.group)?.changes ?? [], fields));
    const rows = unlike(columns.map(({ row }) => row), fields).map(({ path, short }) => line(short, path, columns.map(({ row }) => valueOf(row.settings[path]))));
    if (changes.some(Boolean)) rows.push(line("changed while it trained", "", changes.map((text) => text || "–")));
    this.section.hidden = columns.length < 2 || !rows.length;
    this.head.replaceChildren(element("th", { scope: "col" }, "Field"), ...columns.map(({ label }) => element("th", { scope: "col" }, label)));
    this.body.replaceChildren(...rows);
  }
}

function line(name, title, values) {
  return element("tr", {}, element("th", { scope: "row", title }, name), ...values.map((value) => element("td", {}, value)));
}

// A field that a group does not have is told apart from one that is off.
function valueOf(value) {
  return value === undefined ? "–" : numeral(value);
}

function told(changes, fields) {
  const names = new Map(fields.map(({ path, short }) => [path, short]));
  return changes.map(({ step, path, new: now }) => `step ${step}: ${names.get(path) ?? path} → ${numeral(now)}`).join("; ");
}
