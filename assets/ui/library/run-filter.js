// RunFilter: which runs are shown.
import { holds } from "../lib/words.js";

export class RunFilter {
  constructor(find, onChange) {
    this.text = find("find");
    this.state = find("state");
    this.tag = find("tag");
    this.starred = find("starred");
    for (const control of [this.text, this.state, this.tag, this.starred]) control.addEventListener("input", onChange);
  }

  // Offer the states and tags that there are.
  take(rows) {
    offer(this.state, rows.map(({ state }) => state));
    offer(this.tag, rows.flatMap(({ labels }) => labels.tags));
  }

  // Every word that is looked for stands somewhere in what is known of the run.
  lets(row) {
    const { labels, state } = row;
    if (this.starred.checked && !labels.star) return false;
    if (this.state.value && state !== this.state.value) return false;
    if (this.tag.value && !labels.tags.includes(this.tag.value)) return false;
    return holds([row.id, labels.name, labels.note, ...labels.tags, row.method, row.dataset, row.model, state], this.text.value);
  }
}

function offer(select, values) {
  const wanted = [...new Set([...values, select.value].filter(Boolean))].sort();
  const there = [...select.options].slice(1).map(({ value }) => value);
  if (wanted.join("\n") === there.join("\n")) return;
  const { value } = select;
  select.replaceChildren(select.options[0], ...wanted.map((one) => new Option(one, one)));
  select.value = value;
}
