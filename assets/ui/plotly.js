// Plotly is large: it is fetched when the first chart is wanted, so that the form does not wait for it.
export const CONFIG = {
  responsive: true,
  displaylogo: false,
  modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"], // nothing leaves this machine
};

let loading = null;

export function withPlotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/plotly.min.js";
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => reject(new Error("The chart library could not be loaded; reload the page"));
    document.head.append(script);
  });
  return loading;
}
