// Plotly is large: it is fetched when the first chart is wanted, so that the form does not wait for it.
import { pause, report } from "../lib/fetch-json.js";

let loading = null;

export function withPlotly() {
  loading ??= fetched();
  return loading;
}

async function fetched() {
  while (!(await isThere())) {
    report("The chart library cannot be loaded; trying again");
    await pause();
  }
  report("");
}

function isThere() {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = new URL("../plotly.min.js", import.meta.url).href;
    script.onload = () => resolve(true);
    script.onerror = () => resolve(false);
    document.head.append(script);
  });
}
