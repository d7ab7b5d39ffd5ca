// What cannot be used from one event of the document until another, which tells that the studio has answered.
const PATIENCE = 20_000; // ms until it can be used again although nothing came back

export function whileBusy(begun, ended, setBusy) {
  let timer = 0;
  const set = (busy) => {
    clearTimeout(timer);
    if (busy) timer = setTimeout(set, PATIENCE, false);
    setBusy(busy);
  };
  document.addEventListener(begun, () => set(true));
  document.addEventListener(ended, () => set(false));
}
