// Scale: between the places of a slider and the values it stands for, evenly spaced or logarithmic with 0 at its left end.
const PLACES = 200;
const DIGITS = 3;

export function scaleOf({ min, max, step, log_from: from }) {
  return from ? logarithmic(min, from, max) : even(min, max, step);
}

function even(min, max, step) {
  const places = Math.round((max - min) / step);
  const value = (place) => Number(Math.min(max, min + place * step).toPrecision(6));
  return { places, value, place: (value) => Math.round((value - min) / step) };
}

function logarithmic(min, from, max) {
  const first = min === 0 ? 1 : 0; // where `from` stands
  const span = Math.log(max / from);
  const value = (place) => (place < first ? min : Number((from * Math.exp((span * (place - first)) / (PLACES - first))).toPrecision(DIGITS)));
  const place = (value) => (value < from ? 0 : Math.round(first + ((PLACES - first) * Math.log(value / from)) / span));
  return { places: PLACES, value, place };
}
