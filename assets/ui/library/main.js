// Runs: all there are, to be found again, named, copied, packed, deleted and had back.
import { fetchJson, postJson } from "../lib/fetch-json.js";
import { Importer } from "./importer.js";
import { RunFilter } from "./run-filter.js";
import { RunTable } from "./run-table.js";
import { Toast } from "../lib/toast.js";
import { Trash } from "./trash.js";

const PAUSE = 3000; // ms between two looks
const SHARE = 20; // a look at very many runs takes at most this part of the time

export async function mount(root) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const toast = new Toast(find);
  const table = new RunTable(find, { relabel, star, remove });
  const filter = new RunFilter(find, () => table.show(filter));
  const trash = new Trash(find, { onRestored: restored, onEmptied: look, toast });
  const importer = new Importer(root, find, { onImported: imported });
  let looks = 0;
  find("checkpoints").addEventListener("input", (event) => table.pack(event.target.value));

  async function look() {
    const began = performance.now();
    looks += 1;
    const mine = looks;
    try {
      const [rows, storage] = await Promise.all([fetchJson("/api/runs"), fetchJson("/api/storage")]);
      if (mine !== looks) return 0; // a later look, maybe after a change, has overtaken this one
      table.take(rows, storage.free);
      filter.take(rows);
      table.show(filter);
      trash.take(storage.trash);
      importer.limit = storage.most_upload;
      tell("");
    } catch (error) {
      tell(error.message);
    }
    return performance.now() - began;
  }

  async function relabel(run, changes) {
    const labels = await postJson(`/api/runs/${encodeURIComponent(run)}/labels`, changes);
    await look();
    return labels;
  }

  function star(run, isStarred) {
    relabel(run, { star: isStarred }).catch((error) => toast.say(error.message));
  }

  async function remove(run, name) {
    try {
      const { trash: place } = await postJson(`/api/runs/${encodeURIComponent(run)}/delete`);
      await look();
      toast.say(`Deleted ${name}.`, () => trash.restore(place));
    } catch (error) {
      toast.say(error.message);
    }
  }

  async function restored(run) {
    await look();
    table.focus(run);
  }

  async function imported(run) {
    await look();
    toast.say(`Imported ${run}.`);
    table.focus(run);
  }

  function tell(text) {
    const problem = find("problem");
    if (problem.textContent !== text) problem.textContent = text;
    problem.hidden = !text;
  }

  while (root.isConnected) {
    const took = document.hidden ? 0 : await look();
    await new Promise((resolve) => setTimeout(resolve, Math.max(PAUSE, SHARE * took)));
  }
}
