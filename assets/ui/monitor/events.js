// Events: what happened to the shown run, newest first.
import { element } from "../lib/element.js";
import { moment, numeral } from "../lib/format.js";

const MOST = 100;

export class Events {
  constructor(find) {
    this.frame = find("events");
    this.newest = find("newest-event");
    this.list = find("event-list");
    this.follow();
  }

  follow() {
    this.list.replaceChildren();
    this.newest.textContent = "";
    this.frame.hidden = true;
  }

  take({ reset, events }) {
    if (reset) this.follow();
    for (const event of events) if (!isSaidTwice(event)) this.#add(event);
    while (this.list.children.length > MOST) this.list.lastChild.remove();
  }

  #add(event) {
    const text = [event.kind, event.kind === "changed" ? change(event.data) : detail(event.data)].filter(Boolean).join(": ");
    this.list.prepend(element("li", {}, element("time", {}, moment(event.time)), ` step ${event.step}, ${text}`));
    this.newest.textContent = `${text} (step ${event.step})`;
    this.frame.hidden = false;
  }
}

// That a change was asked for is told by the change itself.
function isSaidTwice({ kind, data }) {
  return ["frame", "points"].includes(kind) || kind === "command" && data.asked === "set"; // the film shows its frames
}

function change({ path, old, new: now }) {
  return `${path} ${numeral(old)} → ${numeral(now)}`;
}

function detail(data) {
  const parts = Object.entries(data).filter(([key, value]) => key !== "id" && value !== "" && value !== null);
  return parts.map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");
}
