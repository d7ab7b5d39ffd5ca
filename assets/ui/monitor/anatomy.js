// Anatomy: the last step as a small picture, where steps are so slow that each can be looked at. Lengths and angles are measured.
import { numeral } from "../lib/format.js";

const [WIDE, HIGH] = [420, 240];
const LONGEST = 95; // px of the longest gradient
const AWAY = [110, -52]; // px from w to w + ε
const DOTS = 60;
/** @type {[number, number]} */
const W = [150, 95]; // where the weights are drawn

/** @typedef {{from: [number, number], to: [number, number], kind: string, text: string, isNoise?: boolean}} Arrow */

export class AnatomyPicture {
  constructor(find) {
    this.frame = find("anatomy");
    this.picture = find("anatomy-picture");
    this.words = find("anatomy-words");
    this.follow();
  }

  follow() {
    this.frame.hidden = true;
    this.drawn = 0; // the step that is in the picture
  }

  draw({ status }) {
    const { anatomy } = status;
    const isShown = Boolean(anatomy) && anatomy.step === status.step;
    this.frame.hidden = !isShown;
    if (!isShown || anatomy.step === this.drawn) return;
    this.drawn = anatomy.step;
    const arrows = arrowsOf(anatomy);
    this.picture.replaceChildren(...arrows.some(({ isNoise }) => isNoise) ? cloud(anatomy.step) : [], ...arrows.flatMap(arrow));
    this.words.replaceChildren(...inWords(anatomy).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  }
}

// In what order the method looks: a gradient at w before one at w + ε is an ascent, as in SAM; otherwise ε is drawn at random.
function isAscent({ gradients }) {
  return !gradients[0].perturbed && gradients.some(({ perturbed }) => perturbed);
}

// Arrows from where they begin to where they end. The direction points down; the gradients lie to its sides, at their angles to it.
export function arrowsOf({ gradients, direction, moved, cosines }) {
  const last = gradients.length; // the row of the direction
  const scale = LONGEST / Math.max(direction, ...gradients.map(({ length }) => length), 1e-30);
  const w = W;
  const moves = gradients.some(({ perturbed }) => perturbed);
  const climbs = isAscent({ gradients });
  /** @type {[number, number]} */
  const beyond = climbs ? [w[0] + 40, w[1] - 70] : [w[0] + AWAY[0], w[1] + AWAY[1]];
  /** @type {Arrow[]} */
  const found = moves ? [{ from: w, to: beyond, kind: "epsilon", text: "ε", isNoise: !climbs }] : [];
  gradients.forEach(({ length, perturbed }, at) => {
    const angle = (at % 2 ? -1 : 1) * Math.acos(Math.max(-1, Math.min(1, cosines[at][last])));
    const from = perturbed ? beyond : w;
    found.push({ from, to: along(from, angle, length * scale), kind: perturbed ? "perturbed" : "clean", text: perturbed ? "−∇L(w + ε)" : "−∇L(w)" });
  });
  found.push({ from: w, to: along(w, 0, direction * scale), kind: "mix", text: gradients.length > 1 ? "direction" : "" });
  if (moved > 0) {
    const turn = Math.acos(Math.max(-1, Math.min(1, cosines[last][last + 1])));
    found.push({ from: w, to: along(w, turn, LONGEST * 0.7), kind: "moved", text: "Δw" });
  }
  return found;
}

/**
 * So far from a place, turned by an angle from straight down.
 * @returns {[number, number]}
 */
function along([x, y], angle, length) {
  return [x + length * Math.sin(angle), y + length * Math.cos(angle)];
}

function arrow({ from, to, kind, text }) {
  const line = svg("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: `rwp-arrow rwp-arrow-${kind}`, "marker-end": "url(#rwp-arrow-head)" });
  const label = svg("text", { x: Math.min(to[0] + 6, WIDE - 80), y: Math.min(Math.max(to[1] + 4, 12), HIGH - 6), class: `rwp-arrow-${kind}` });
  label.textContent = text;
  return [line, label];
}

// Where else noise might have led: dots around w, the same for one step whenever it is drawn.
function cloud(step) {
  const dots = [];
  for (let at = 0; at < DOTS; at += 1) {
    const turn = 2.399963 * (at + step); // the golden angle
    const away = Math.hypot(...AWAY) * Math.sqrt((at + 0.5) / DOTS) * 1.15;
    dots.push(svg("circle", { cx: W[0] + away * Math.cos(turn), cy: W[1] + away * Math.sin(turn) * 0.75, r: 1.6, class: "rwp-dot" }));
  }
  return dots;
}

function svg(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

export function inWords({ gradients, direction, moved, cosines }) {
  const last = gradients.length;
  const radius = gradients.find(({ radius: one }) => one !== null)?.radius;
  const parts = gradients.map(({ perturbed, length }, at) => `${perturbed ? "‖∇L(w + ε)‖" : "‖∇L(w)‖"} = ${numeral(length)}, ${angle(cosines[at][last])} from the direction`);
  return [
    ...(radius === undefined ? [] : [`‖ε‖ = ${numeral(radius)}`]),
    ...parts,
    ...(last > 1 ? [`the two gradients are ${angle(cosines[0][1])} apart`, `‖direction‖ = ${numeral(direction)}`] : []),
    `‖Δw‖ = ${numeral(moved)}, ${angle(cosines[last][last + 1])} from straight against the direction: momentum and weight decay`,
  ];
}

function angle(cosine) {
  return `${Math.round((180 / Math.PI) * Math.acos(Math.max(-1, Math.min(1, cosine))))}°`;
}
