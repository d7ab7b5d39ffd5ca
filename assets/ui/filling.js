// While a recipe or another run fills the form, nothing can be typed there: it would be overwritten when the answer comes.
const PATIENCE = 20_000; // ms until the form may be used again although nothing came back

export function followFilling() {
  let timer = 0;
  document.addEventListener("rwp:filling", () => {
    clearTimeout(timer);
    setBusy(true);
    timer = setTimeout(() => setBusy(false), PATIENCE);
  });
  document.addEventListener("rwp:filled", () => {
    clearTimeout(timer);
    setBusy(false);
  });
}

function setBusy(busy) {
  const form = document.querySelector("#rwp-fields");
  form.inert = busy;
  form.setAttribute("aria-busy", String(busy));
}
