// Palette: the colours of the page as they are now, for what is not drawn by the style sheet.
export function palette() {
  const style = getComputedStyle(document.querySelector(".rwp"));
  const read = (name) => style.getPropertyValue(name).trim();
  return { text: read("--rwp-text"), faint: read("--rwp-faint"), grid: read("--rwp-grid"), paper: read("--rwp-card") };
}

// Okabe and Ito's dark blue cannot be seen on a dark ground; their sky blue can.
export function visible(colour) {
  return colour === "#0072B2" && document.body.classList.contains("dark") ? "#56B4E9" : colour;
}

// A colour as the ground of a band.
export function faint(colour) {
  return `${colour}2e`;
}

export function onThemeChange(redraw) {
  new MutationObserver(redraw).observe(document.body, { attributes: true, attributeFilter: ["class"] });
}

// Plotly understands tags and entities in every text, so none may come from data.
export function plain(text) {
  return String(text).replace(/[<>&]/g, "");
}
