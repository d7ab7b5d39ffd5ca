// Board: the groups ranked at equal costs, and what can be said of their differences.
import { element } from "../lib/element.js";
import { count, duration, leftOut, spread } from "../lib/format.js";

const BORDERS = ["solid", "dashed", "dotted", "double"]; // as the lines of the charts are drawn
const UNIT = { steps: "steps", gradients: "gradient evaluations" };

export class Board {
  constructor(find) {
    this.body = find("board-rows");
    this.caption = find("board-caption");
    this.reference = find("reference");
    this.standing = find("standing");
    this.standingCaption = find("standing-caption");
    this.standingRows = find("standing-rows");
  }

  // `found` is what the studio answers; `groups` has the row and the label of each group by its name.
  show(found, groups, cost) {
    this.#showStanding(found.now, groups, cost === "end" ? "steps" : cost);
    const { budget, rows } = found.boards[cost];
    const known = rows.filter(({ group }) => groups.has(group));
    const left = new Map(found.contestants.map((one) => [one.group, leftOut(one)]));
    this.caption.textContent = budget === null ? "Each group at the end of its own training" : `After ${amount(cost, budget)}, the most that every run has spent`;
    this.body.replaceChildren(...known.map((row, at) => this.#line(row, at + 1, groups.get(row.group), left.get(row.group))));
    this.reference.replaceChildren(...known.map(({ group }) => new Option(groups.get(group).label, group, false, group === found.reference)));
  }

  // Who is ahead of the runs that train now.
  #showStanding(now, groups, cost) {
    this.standing.hidden = !now;
    if (!now) return;
    const { budget, rows } = now.boards[cost];
    const known = rows.filter(({ group, mean }) => groups.has(group) && mean !== null);
    this.standingCaption.textContent = `Training now, with seed ${now.seeds.join(", ")}, after ${amount(cost, budget)} each`;
    this.standingRows.replaceChildren(...known.map(({ group, mean }) => element("li", {}, swatch(groups.get(group)), `${groups.get(group).label} `, element("b", {}, `${spread(100 * mean, null)} %`))));
  }

  #line({ n, mean, sd, difference }, rank, group, left) {
    const cells = [
      mean === null ? "–" : spread(100 * mean, sd === null ? null : 100 * sd), `${count(n)}${left}`,
      difference?.mean === null || !difference ? "–" : signed(difference.mean), difference?.low === null || !difference ? "–" : `${signed(difference.low)} to ${signed(difference.high)}`,
      difference?.p === null || !difference ? "–" : difference.p.toPrecision(2), difference?.verdict ?? "the others are compared with it",
    ];
    return element("tr", {}, element("td", {}, mean === null ? "–" : count(rank)), element("th", { scope: "row" }, swatch(group), group.label), ...cells.map((text) => element("td", {}, text)));
  }
}

function swatch({ colour, variant }) {
  const sample = element("span", { className: "rwp-swatch" });
  sample.style.borderTop = `4px ${BORDERS[variant % BORDERS.length]} ${colour}`;
  return sample;
}

function amount(cost, budget) {
  return cost === "seconds" ? duration(budget) : `${count(budget)} ${UNIT[cost]}`;
}

function signed(fraction) {
  const points = 100 * fraction;
  return `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(2)}`;
}
