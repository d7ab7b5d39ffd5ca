// Events: what happened to the shown run, newest first.
import { element } from "./element.js";
import { moment } from "./format.js";

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
    for (const event of events) this.#add(event);
    while (this.list.children.length > MOST) this.list.lastChild.remove();
  }

  #add(event) {
    const text = [event.kind, detail(event.data)].filter(Boolean).join(": ");
    this.list.prepend(element("li", {}, element("time", {}, moment(event.time)), ` step ${event.step}, ${text}`));
    this.newest.textContent = `${text} (step ${event.step})`;
    this.frame.hidden = false;
  }
}

function detail(data) {
  const parts = Object.entries(data).filter(([key, value]) => key !== "id" && value !== "" && value !== null);
  return parts.map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");
}
