// What cannot be used from one event of the document until another, which tells that the studio has answered. Where it is asked
// for several things at once, that is until it has answered all of them.
const PATIENCE = 20_000; // ms until it can be used again although nothing came back

export function whileBusy(begun, ended, setBusy) {
  let timer = 0;
  let open = 0;
  const set = (count) => {
    open = Math.max(0, count);
    clearTimeout(timer);
    if (open) timer = setTimeout(set, PATIENCE, 0);
    setBusy(open > 0);
  };
  document.addEventListener(begun, () => set(open + 1));
  document.addEventListener(ended, () => set(open - 1));
}
