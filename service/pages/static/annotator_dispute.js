// A dispute: both sides beside each other, and every mark of either with a box: what is ticked stays. Where neither is
// right, the adjudicator types the value.

import { cut, data, el, post, sayFailure, t } from "./base.js";
import { typeValue } from "./annotator_marks.js";
import { draw } from "./lanes.js";

const dispute = data("dispute-data");
const sides = { first: dispute.first, second: dispute.second };
for (const [side, marks] of Object.entries(sides)) draw(document.getElementById(side), dispute.note.text, marks);

const key = (mark) => JSON.stringify([mark.field, mark.evidence, mark.value, mark.certain]);
const has = (side, mark) => sides[side].some((other) => key(other) === key(mark));
const both = (mark) => has("first", mark) && has("second", mark);
const rows = new Map(); // key → {mark, box, node}

function whose(mark) {
  if (both(mark)) return t("annotator.both");
  const side = Object.keys(sides).find((name) => has(name, mark));
  return side ? t("annotator.only", { side: t(`annotator.${side}`) }) : t("annotator.own");
}

function add(mark, ticked, after = null) {
  if (rows.has(key(mark))) return void (rows.get(key(mark)).box.checked = true);
  const box = el("input", { type: "checkbox", checked: ticked });
  const words = mark.evidence.map(({ start, end }) => cut(dispute.note.text, start, end)).join("…");
  const node = el("li", { class: `f-${mark.field}` },
    el("div", { class: "row" },
      el("label", {}, box, mark.title, el("q", {}, el("bdi", {}, words)), "→", el("span", { class: "value" }, el("bdi", {}, mark.display)),
        el("span", { class: "badge" }, whose(mark)), mark.certain ? null : el("span", { class: "badge" }, t("annotator.uncertain"))),
      el("button", { type: "button", onclick: () => edit(mark) }, t("annotator.edit"))));
  rows.set(key(mark), { mark, box, node });
  if (after) after.after(node);
  else document.getElementById("marks").append(node);
}

/** Another value for the same words, in place of this mark. */
function edit(mark) {
  const { box, node } = rows.get(key(mark));
  if (node.querySelector("input:not([type=checkbox])")) return;
  const read = (field, words) => post(`/v1/fields/${field}/read`, { words, sent_at: dispute.note.sent_at });
  typeValue(node, mark, read, (name, found) => {
    node.replaceChildren(node.firstElementChild);
    if (name === "typed") {
      box.checked = false;
      add({ ...mark, value: found.value, display: found.display }, true, node);
    }
    node.querySelector("button").focus();
  });
}

const everything = new Map([...dispute.first, ...dispute.second].map((mark) => [key(mark), mark]));
for (const mark of [...everything.values()].sort((a, b) => a.evidence[0].start - b.evidence[0].start)) add(mark, both(mark));
[...rows.values()].find(({ mark }) => !both(mark))?.box.focus();

document.addEventListener("click", async (event) => {
  const side = event.target.closest("[data-side]")?.dataset.side;
  if (side) for (const { mark, box } of rows.values()) box.checked = has(side, mark);
  if (!event.target.closest("#settle")) return;
  const kept = [...rows.values()].filter(({ box }) => box.checked).map(({ mark }) => mark);
  const marks = kept.map(({ field, evidence, value, certain }) => ({ field, evidence, value, certain }));
  try {
    await post(`/v1/annotation/disputes/${dispute.id}/settle`, { marks });
    document.getElementById("outcome").textContent = t("annotator.settled");
    location.assign("/disputes");
  } catch (error) {
    sayFailure(error);
  }
});
