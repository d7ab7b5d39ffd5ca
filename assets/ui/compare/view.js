// View: what is looked at, and how; it is the address of the page, so that it can be kept and sent.
const DEFAULTS = { q: "", by: "group", sort: "-accuracy", cost: "end", ref: "", x: "step", smooth: "0.6", log: "", cols: "", fx: "", fy: "" };

export class View {
  // `keep` is given the address whenever something has changed.
  constructor(search = location.search, keep = (address) => history.replaceState(null, "", address)) {
    this.keep = keep;
    const given = new URLSearchParams(search);
    this.values = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, given.get(name) ?? value]));
    this.ticked = new Set((given.get("runs") ?? "").split(",").filter(Boolean));
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    this.values[name] = value;
    this.#write();
  }

  tick(runs, isTicked) {
    for (const run of runs) this.ticked[isTicked ? "add" : "delete"](run);
    this.#write();
  }

  get search() {
    const told = new URLSearchParams(Object.entries(this.values).filter(([name, value]) => value !== DEFAULTS[name]));
    const runs = [...this.ticked].join(",");
    return [told.toString(), runs && `runs=${runs}`].filter(Boolean).join("&");
  }

  #write() {
    this.keep(`${location.pathname}${this.search && `?${this.search}`}`);
  }
}
