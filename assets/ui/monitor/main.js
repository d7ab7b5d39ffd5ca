// The monitor: one run at a time, its numbers, its charts and what one can ask of it.
import { Asking } from "./commands.js";
import { Charts } from "../charts/charts.js";
import { Checkpoints } from "./checkpoints.js";
import { Events } from "./events.js";
import { Group } from "./seed-group.js";
import { Landscape } from "../charts/landscape.js";
import { LivePanel } from "./live-panel.js";
import { Paper } from "./paper-result.js";
import { Picker } from "./picker.js";
import { Profile } from "./profile.js";
import { Queue } from "./queue-panel.js";
import { StatusPanel } from "./status-panel.js";
import { Steering } from "./steering.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { Toolbar } from "../charts/toolbar.js";
import { Trouble } from "./trouble.js";
import { onThemeChange } from "../charts/palette.js";
import { element } from "../lib/element.js";
import { followStart } from "../setup/start.js";

export function mount(root, { figures, methods, paper: inPaper, probes }) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  find("probes").replaceWith(...probes.map(measureButton));
  const store = new Store();
  const asking = new Asking();
  const toolbar = new Toolbar(find, () => charts.redraw());
  const group = new Group(find, () => charts.redraw());
  const charts = new Charts(find("charts"), figures, { store, group, toolbar });
  const events = new Events(find);
  const paper = new Paper(find);
  const landscape = new Landscape(find);
  const profile = new Profile(find);
  const panel = new StatusPanel(find);
  const steering = new Steering(root, find, asking);
  const live = new LivePanel(find, { asking, changes: store.changes, onKnown });
  const trouble = new Trouble(find, { asking, changes: store.changes });
  const picker = new Picker(find, show);
  const onShow = (run) => picker.refresh(run).then(() => queue.refresh());
  const queue = new Queue(find, onShow);
  const budget = () => live.present("runtime.disk_budget");
  const checkpoints = new Checkpoints(find, { budget, methods, paper: inPaper, onForked: () => queue.open(), onShow });
  const stream = new Stream({ onMessage: take, onConnection: (text) => tellOf("stream", text) });
  const parts = [asking, charts, group, events, paper, landscape, profile, panel, steering, live, trouble, queue, checkpoints];
  const unknown = { stream: "", page: "" };
  let folder = null;

  function show(run) {
    const query = new URLSearchParams(location.search);
    if (run) query.set("run", run);
    else query.delete("run");
    history.replaceState(history.state, "", `${location.pathname}${query.size ? "?" : ""}${query}`);
    find("run").hidden = !run;
    find("empty").hidden = Boolean(run);
    store.clear();
    for (const part of parts) part.follow(run);
    stream.open(run);
  }

  // Why something is not known; that the run cannot be followed comes first.
  function tellOf(part, reason) {
    unknown[part] = reason;
    tell(find("connection"), unknown.stream || unknown.page);
  }

  // The fields of the run are known by their names and values now.
  function onKnown() {
    charts.redraw();
    checkpoints.tell();
    if (store.status) trouble.draw(store.status, (path) => live.present(path));
  }

  function take(message) {
    store.take(message);
    const isChanged = message.events.some(({ kind }) => kind === "changed"); // which makes it a run of another group
    if (message.reset || isChanged || "test/accuracy" in message.metrics) group.refresh(picker.members);
    if (isChanged) charts.hurry();
    charts.redraw();
    events.take(message);
    profile.take(message);
    panel.draw(store);
    steering.draw(store.status);
    queue.draw(store.status);
    live.draw(store.status);
    asking.take(message);
    trouble.draw(store.status, (path) => live.present(path));
    checkpoints.take(message);
    landscape.take(message);
    picker.update(store.status, store.last("test/accuracy"));
    if (folder !== null && folder !== message.folder) onShow();
    folder = message.folder;
    if (stream.isLong(store)) stream.reopen();
  }

  onThemeChange(() => {
    charts.redraw();
    landscape.redraw();
  });
  document.addEventListener("rwp:unknown", ({ detail: reason }) => tellOf("page", reason));
  find("picker").addEventListener("rwp:listed", () => group.refresh(picker.members));
  followStart(onShow);
  picker.begin(new URLSearchParams(location.search).get("run"));
}

function measureButton(probe) {
  const button = element("button", { type: "button" }, `Measure ${probe}`);
  button.dataset.ask = probe;
  return button;
}

function tell(place, text) {
  place.textContent = text;
  place.hidden = !text;
}
