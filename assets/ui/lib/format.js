// Numbers as people read them.
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function count(value) {
  return value === null || value === undefined ? "–" : whole.format(value);
}

export function percent(value) {
  return value === null || value === undefined ? "–" : `${(100 * value).toFixed(2)} %`;
}

// A mean and, where there is one, its standard deviation, both in per cent.
export function spread(mean, deviation) {
  return deviation === null || deviation === undefined ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`;
}

// A value with its standard error, both to the second digit of the error.
export function uncertain(value, error) {
  if (!(error > 0)) return numeral(value);
  const digits = Math.min(Math.max(1 - Math.floor(Math.log10(error)), 0), 12);
  return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
}

// Which runs of a group are not in its mean, if any.
/** @param {{repeats?: number, unfinished?: number}} group */
export function leftOut({ repeats, unfinished }) {
  const parts = [repeats && `${count(repeats)} ${repeats === 1 ? "repeat" : "repeats"}`, unfinished && `${count(unfinished)} unfinished`].filter(Boolean);
  return parts.length ? `, ${parts.join(" and ")} left out` : "";
}

export function multiple(value) {
  return value === null || value === undefined ? "–" : `${Number(value.toFixed(2))}×`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${rest} min` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
}

export function moment(unixSeconds) {
  return new Date(unixSeconds * 1000).toLocaleString([], { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
}

// A value of a field, as short as it can be.
export function numeral(value) {
  if (value === null || value === undefined) return "off";
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
}

export function bytes(value) {
  const [unit, divisor] = value < 1e6 ? ["kB", 1e3] : value < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${Number((value / divisor).toPrecision(3))} ${unit}`;
}
