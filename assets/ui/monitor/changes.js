// Changes: which fields of the shown run were changed while it trained, and what they are now.
export function isChange({ kind }) {
  return kind === "changed";
}

export class Changes {
  constructor() {
    this.shorts = new Map(); // path → how a mark calls the field
    this.clear();
  }

  clear() {
    this.list = []; // {step, path, old, new}, in the order in which they were made
  }

  // A new change of a field does away with later ones, which a resumed training never came to.
  take(events) {
    for (const { step, data } of events.filter(isChange)) {
      this.list = this.list.filter((known) => known.path !== data.path || known.step <= step);
      this.list.push({ step, path: data.path, old: data.old, new: data.new });
    }
  }

  // The value of a field after `step` steps; `present` is what it was when nothing was known of changes.
  inForce(path, step, present) {
    const own = this.list.filter((change) => change.path === path);
    const made = own.findLast((change) => change.step <= step);
    if (made) return made.new;
    return own.length && own[0].old !== undefined ? own[0].old : present;
  }

  short(path) {
    return this.shorts.get(path) ?? path.split(".").at(-1).replaceAll("_", " ");
  }
}
