// A note's text with a lane under it for every mark: overlapping marks lie in lanes of their own. Offsets are code points.

import { el, points } from "./base.js";

const LANE = 6; // pixels
const hues = new Map();

function hue(field) {
  if (!hues.has(field)) {
    const probe = el("span", { class: `f-${field}` });
    document.body.append(probe);
    hues.set(field, getComputedStyle(probe).getPropertyValue("--hue") || "210");
    probe.remove();
  }
  return hues.get(field);
}

/** Stretches of marks with the lane each lies in: the first lane that is free where the stretch begins. */
export function lanesOf(marks) {
  const all = marks.flatMap((mark, index) => mark.evidence.map(({ start, end }) => ({ start, end, mark, index })));
  const ends = [];
  for (const one of all.sort((a, b) => a.start - b.start || b.end - a.end)) {
    let lane = ends.findIndex((end) => end <= one.start);
    if (lane < 0) lane = ends.length;
    ends[lane] = one.end;
    one.lane = lane;
  }
  return { all, lanes: ends.length };
}

function paint(node, over, lanes, current) {
  const images = over.map(({ mark }) => {
    const colour = `hsl(${hue(mark.field)} 60% var(--field-edge))`;
    return mark.suggested
      ? `repeating-linear-gradient(90deg, ${colour} 0 5px, transparent 5px 9px)`
      : `linear-gradient(${colour}, ${colour})`;
  });
  node.style.backgroundImage = images.join(", ");
  node.style.backgroundSize = over.map(({ index }) => `100% ${index === current ? LANE - 1 : LANE - 3}px`).join(", ");
  node.style.backgroundPosition = over.map(({ lane }) => `0 calc(100% - ${(lanes - 1 - lane) * LANE}px)`).join(", ");
  node.style.paddingBottom = `${lanes * LANE}px`;
}

/** Draw the text into `node`. `selection` = {anchor, at}, or null for a text without a caret. */
export function draw(node, text, marks, { current = -1, selection = null } = {}) {
  const letters = points(text);
  const { all, lanes } = lanesOf(marks);
  const [from, to] = selection ? [Math.min(selection.anchor, selection.at), Math.max(selection.anchor, selection.at)] : [0, 0];
  const borders = new Set([0, letters.length, from, to]);
  for (const one of all) borders.add(one.start).add(one.end);
  const places = [...borders].filter((n) => n >= 0 && n <= letters.length).sort((a, b) => a - b);
  const drawn = [];
  const caret = (place) => selection && selection.at === place && drawn.push(el("span", { class: "caret", "aria-hidden": "true" }));
  for (let i = 0; i + 1 < places.length; i += 1) {
    const [start, end] = [places[i], places[i + 1]];
    caret(start);
    const over = all.filter((one) => one.start <= start && end <= one.end);
    const piece = el("span", { data: { start: String(start) } }, letters.slice(start, end).join(""));
    if (over.length) {
      piece.dataset.fields = over.map((one) => one.mark.field).join(" ");
      piece.title = over.map((one) => one.mark.title).join(" · ");
      paint(piece, over, lanes, current);
    }
    if (over.some((one) => one.index === current)) piece.classList.add("chosen");
    if (from <= start && end <= to) piece.classList.add("selected");
    drawn.push(piece);
  }
  caret(letters.length);
  node.style.lineHeight = String(1.7 + lanes * 0.35);
  node.replaceChildren(...drawn);
}

/** The stretch that is selected with the mouse or a finger within `node`, as {anchor, at}; null where none is. */
export function nativeSelection(node) {
  const chosen = getSelection();
  if (!chosen.rangeCount || !node.contains(chosen.anchorNode) || !node.contains(chosen.focusNode)) return null;
  return { anchor: place(chosen.anchorNode, chosen.anchorOffset), at: place(chosen.focusNode, chosen.focusOffset) };
}

function place(node, offset) {
  if (node.nodeType !== Node.TEXT_NODE) {
    const child = node.childNodes[Math.min(offset, node.childNodes.length - 1)];
    const piece = child?.dataset?.start === undefined ? null : child;
    return piece ? Number(piece.dataset.start) + (offset >= node.childNodes.length ? points(piece.textContent).length : 0) : 0;
  }
  return Number(node.parentElement.dataset.start) + points(node.textContent.slice(0, offset)).length;
}

/** Places between words, in code points; the text's beginning and end among them. */
export function wordBorders(text) {
  const borders = [0];
  for (const { segment } of new Intl.Segmenter("zh", { granularity: "word" }).segment(text)) {
    borders.push(borders.at(-1) + points(segment).length);
  }
  return borders;
}
