// Drawer: the form for the next run, in the place of the knobs of the run that is shown, so that there is one σ in view.
const KEY = "rwp-next-run"; // kept in this tab
const WIDE = matchMedia("(min-width: 861px)");

export function setDrawer(isOpen) {
  sessionStorage.setItem(KEY, isOpen ? "open" : "closed");
  document.dispatchEvent(new Event("rwp:drawer"));
}

// `button` opens and closes it.
export function followDrawer(button) {
  const isOpen = () => document.documentElement.dataset.drawer === "open";
  const show = () => {
    document.documentElement.dataset.drawer = sessionStorage.getItem(KEY);
    button.setAttribute("aria-expanded", String(isOpen()));
  };
  button.addEventListener("click", () => setDrawer(!isOpen()));
  document.addEventListener("rwp:started", ({ detail: runs }) => runs && setDrawer(false));
  document.addEventListener("rwp:drawer", show);
  setDrawer((sessionStorage.getItem(KEY) ?? usual()) === "open");
}

// Open where there is room, unless the address names a run.
function usual() {
  return WIDE.matches && !new URLSearchParams(location.search).has("run") ? "open" : "closed";
}
