// Ticks: log₁₀ of positive numbers, and the marks of an axis that shows the numbers themselves.
const LEAST = 1e-9; // below which nothing can be told from zero

// Rows of numbers, null where there is none, as their logarithms with the ticks for them, or for a wider range.
export function logarithmic(loss, range = rangeOf([loss])) {
  return { z: loss.map((row) => row.map(log)), ticks: between(...range) };
}

// The least and the largest logarithm in some grids.
export function rangeOf(grids) {
  const known = grids.flat(2).map(log).filter((value) => value !== null);
  return [Math.min(...known), Math.max(...known)];
}

function log(value) {
  return value === null ? null : Math.log10(Math.max(value, LEAST));
}

// Ticks at 1, 2 and 5 times powers of ten, fewer where the range is wide.
export function between(low, high) {
  const digits = high - low > 4 ? [1] : high - low > 1.5 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
  const values = [];
  for (let power = Math.floor(low); power <= high; power += 1) values.push(...digits.map((digit) => digit * 10 ** power));
  const shown = values.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  return { tickmode: "array", tickvals: shown.map(Math.log10), ticktext: shown.map((value) => String(Number(value.toPrecision(2)))) };
}
