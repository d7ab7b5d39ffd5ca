// The monitor: one run at a time, its numbers, its charts and what one can ask of it.
import { Charts } from "./charts.js";
import { Events } from "./events.js";
import { Group } from "./group.js";
import { Landscape } from "./landscape.js";
import { Paper } from "./paper.js";
import { Picker } from "./picker.js";
import { Profile } from "./profile.js";
import { StatusPanel } from "./status-panel.js";
import { Steering } from "./steering.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { Toolbar } from "./toolbar.js";
import { onThemeChange } from "./palette.js";
import { followStart } from "./start.js";

export function mount(root, figures) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const store = new Store();
  const toolbar = new Toolbar(find, () => charts.redraw());
  const group = new Group(find, () => charts.redraw());
  const charts = new Charts(find("charts"), figures, { store, group, toolbar });
  const events = new Events(find);
  const paper = new Paper(find);
  const landscape = new Landscape(find);
  const profile = new Profile(find);
  const panel = new StatusPanel(find);
  const steering = new Steering(root, find);
  const picker = new Picker(find, show);
  const stream = new Stream({ onMessage: take, onConnection: (text) => tell(find("connection"), text) });
  let folder = null;

  function show(run) {
    const query = new URLSearchParams(location.search);
    if (run) query.set("run", run);
    else query.delete("run");
    history.replaceState(history.state, "", `${location.pathname}${query.size ? "?" : ""}${query}`);
    find("run").hidden = !run;
    find("empty").hidden = Boolean(run);
    store.clear();
    charts.follow(run);
    group.follow(run);
    events.follow();
    paper.follow(run);
    landscape.follow(run);
    profile.follow(run);
    steering.follow(run);
    panel.clear();
    stream.open(run);
  }

  function take(message) {
    store.take(message);
    if (message.reset || "test/accuracy" in message.metrics) group.refresh(picker.members);
    events.take(message);
    profile.take(message);
    panel.draw(store);
    steering.draw(store.status);
    charts.redraw();
    landscape.take(message);
    picker.update(store.status, store.last("test/accuracy"));
    if (folder !== null && folder !== message.folder) picker.refresh();
    folder = message.folder;
    if (stream.isLong(store)) stream.reopen();
  }

  onThemeChange(() => {
    charts.redraw();
    landscape.redraw();
  });
  find("picker").addEventListener("rwp:listed", () => group.refresh(picker.members));
  followStart((run) => picker.refresh(run));
  picker.begin(new URLSearchParams(location.search).get("run"));
}

function tell(element, text) {
  element.textContent = text;
  element.hidden = !text;
}
