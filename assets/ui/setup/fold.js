// Fold: on a narrow screen the settings wait behind a button, so that the monitor is in sight.
export function mount(element) {
  const button = element.querySelector("button");
  button.addEventListener("click", () => {
    const isOpen = document.querySelector("#rwp-form").classList.toggle("rwp-open");
    button.setAttribute("aria-expanded", String(isOpen));
  });
}
