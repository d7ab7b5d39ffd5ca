// Report: a comparison as it was, with everything that it needs in the page; see studio/report.
import { onThemeChange } from "../charts/palette.js";
import { Result } from "./result.js";
import { View } from "./view.js";

export function mount(root, { figures, colours, found, lines, importance, rows, fields, grids, tables }) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.body.classList.toggle("dark", dark.matches);
  follow();
  dark.addEventListener("change", follow);
  find("reference").disabled = true;
  const load = async ({ run, array }) => grids[`${run} ${array}`];
  const table = async (cost, ending) => tables[cost][ending];
  const result = new Result(find, { figures, colours, view: new View("", () => {}), load, table, explain: async () => importance });
  result.show({ found, lines }, rows, fields);
  onThemeChange(() => result.redraw());
}
