// Config: what every chart of ours offers; beside Plotly's PNG its picture as SVG, and its data.
import { save } from "../lib/save.js";
import { csv } from "./csv.js";

const PICTURE = "M2 2h12v12H2zM4 11l3-4 2 2 2-3 2 5z";
const TABLE = "M1 2h14v12H1zM3 6v2h4V6zm6 0v2h4V6zM3 10v2h4v-2zm6 0v2h4v-2z";

export const CONFIG = {
  responsive: true,
  displaylogo: false,
  modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"], // nothing leaves this machine
  modeBarButtonsToAdd: [
    button("Download plot as SVG", PICTURE, savePicture),
    button("Download the data as CSV", TABLE, (plot) => save(`${nameOf(plot)}.csv`, csv(plot.data))),
  ],
};

// Plotly makes one picture of a plot at a time.
function savePicture(plot) {
  if (!plot._snapshotInProgress) globalThis.Plotly.downloadImage(plot, { format: "svg", filename: nameOf(plot), width: null, height: null });
}

function button(title, path, click) {
  return { name: title, title, icon: { width: 16, height: 16, path }, click };
}

// What a chart is called: by its figure, or what it is of.
function nameOf(plot) {
  return plot.closest("[data-figure]")?.dataset.figure ?? "landscape";
}
