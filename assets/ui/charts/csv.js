// CSV: what a chart shows, one point a line: of curves series, x and y, of a plane x, y and the value itself.

export function csv(traces) {
  const plane = traces.find(({ z }) => Array.isArray(z?.[0]));
  const rows = plane ? [["x", "y", "value"], ...points(plane)] : [["series", "x", "y"], ...traces.flatMap(curve)];
  return rows.map((row) => row.map(cell).join(",")).join("\r\n");
}

// A band is drawn along its upper side and back along its lower one.
function curve({ uid, name, x, y, fill }) {
  const series = name || uid;
  const line = (called, from, to) => x.slice(from, to).map((place, at) => [called, place, y[from + at]]);
  if (!fill) return line(series, 0, x.length);
  return [...line(`${series} upper`, 0, x.length / 2), ...line(`${series} lower`, x.length / 2, x.length).toReversed()];
}

// A landscape is drawn by the logarithm of its loss, a heat map as it is.
function points({ type, x, y, z }) {
  const valueOf = (drawn) => (drawn === null || type === "heatmap" ? drawn : 10 ** drawn);
  return z.flatMap((row, down) => row.map((value, across) => [x[across], y[down], valueOf(value)]));
}

// A text may hold what separates texts, and would not be taken for a formula by a spreadsheet.
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
