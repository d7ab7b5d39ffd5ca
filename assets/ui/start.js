// The Start button reacts at once, and again when the new run is there.
const PATIENCE = 20_000; // ms until the button may be pressed again although nothing came back

export function followStart(onStarted) {
  let timer = 0;
  document.addEventListener("rwp:starting", () => {
    setBusy(true);
    timer = setTimeout(() => setBusy(false), PATIENCE);
  });
  document.addEventListener("rwp:started", ({ detail: run }) => {
    clearTimeout(timer);
    setBusy(false);
    if (run) onStarted(run);
    else document.querySelector("#rwp-problems")?.scrollIntoView({ block: "nearest" });
  });
}

function setBusy(busy) {
  const button = document.querySelector("#rwp-start");
  button.disabled = busy;
  button.setAttribute("aria-busy", String(busy));
}
