// The monitor: one run at a time, its numbers, its charts and what one can ask of it.
import { AnatomyPicture } from "./anatomy.js";
import { ArrayCharts } from "../charts/array-charts.js";
import { Asking } from "./commands.js";
import { Charts } from "../charts/charts.js";
import { Checkpoints } from "./checkpoints.js";
import { Drawing } from "./drawing.js";
import { Events } from "./events.js";
import { Group } from "./seed-group.js";
import { Landscape } from "../charts/landscape.js";
import { LivePanel } from "./live-panel.js";
import { Paper } from "./paper-result.js";
import { Picker } from "./picker.js";
import { Presentation } from "./presentation.js";
import { Profile } from "./profile.js";
import { Queue } from "./queue-panel.js";
import { StatusPanel } from "./status-panel.js";
import { Steering } from "./steering.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { Toolbar } from "../charts/toolbar.js";
import { Trouble } from "./trouble.js";
import { questionMark } from "../charts/help.js";
import { onThemeChange } from "../charts/palette.js";
import { element } from "../lib/element.js";
import { followDrawer } from "../setup/drawer.js";
import { followStart } from "../setup/start.js";

const LANDSCAPE = "The mean loss on a plane through the weights: two random directions, the same for the whole run and its forks, each filter as long as the network's own (Li et al. 2018). "
  + "A wide, shallow basin is a flat minimum. Colour and height are log loss, on one scale for all frames.";

export function mount(root, { figures, methods, paper: inPaper, probes, drawings }) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  find("probes").replaceWith(...probes.map(measureButton));
  const store = new Store();
  const asking = new Asking();
  const picker = new Picker(find, show);
  const toolbar = new Toolbar(find, () => charts.draw());
  const group = new Group(find, { members: () => picker.members, onChange: () => charts.draw() });
  const charts = new Charts(find("charts"), find("stage-charts"), figures, { store, group, toolbar });
  const landscape = new Landscape(find);
  const arrays = new ArrayCharts(find("charts"));
  const live = new LivePanel(find, { asking, changes: store.changes, onKnown });
  const trouble = new Trouble(find, { asking, changes: store.changes, present: (path) => live.present(path) });
  const onShow = (run) => picker.refresh(run).then(() => queue.refresh());
  const queue = new Queue(find, onShow);
  const budget = () => live.present("runtime.disk_budget");
  const checkpoints = new Checkpoints(find, { budget, methods, paper: inPaper, onForked: () => queue.open(), onShow });
  const stream = new Stream({ onMessage: take, onConnection: (text) => tellOf("stream", text) });
  /** @type {Panel[]} in the order in which they hear of the run */
  const panels = [
    group, charts, new Events(find), new Paper(find), new Profile(find), new AnatomyPicture(find), new StatusPanel(find), new Steering(root, find, asking), queue, live, asking, trouble,
    checkpoints, landscape, arrays, new Drawing(find, () => drawings.includes(picker.row?.dataset)), new Presentation(find), picker,
  ];
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
    for (const panel of panels) panel.follow?.(run);
    stream.open(run);
  }

  // Why something is not known; that the run cannot be followed comes first.
  function tellOf(part, reason) {
    unknown[part] = reason;
    tell(find("connection"), unknown.stream || unknown.page);
  }

  // The fields of the run are known by their names and values now.
  function onKnown() {
    charts.draw();
    checkpoints.tell();
    if (store.status) trouble.draw(store);
  }

  /** @param {Message} message */
  function take(message) {
    store.take(message);
    for (const panel of panels) {
      panel.take?.(message);
      panel.draw?.(store);
    }
    if (folder !== null && folder !== message.folder) onShow();
    folder = message.folder;
    if (stream.isLong(store)) stream.reopen();
  }

  onThemeChange(() => {
    charts.draw();
    landscape.redraw();
    arrays.redraw();
  });
  document.addEventListener("rwp:unknown", ({ detail: reason }) => tellOf("page", reason));
  find("picker").addEventListener("rwp:listed", () => group.refresh());
  find("landscape-title").after(questionMark("Loss landscape", LANDSCAPE));
  followDrawer(find("next-run"));
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
