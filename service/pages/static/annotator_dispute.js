// A dispute: both sides beside each other, and every mark of either with a box: what is ticked stays.

import { cut, data, el, post, sayFailure, t } from "./base.js";
import { draw } from "./lanes.js";

const dispute = data("dispute-data");
const key = (mark) => JSON.stringify([mark.field, mark.evidence, mark.value, mark.certain]);
const sides = { first: dispute.first, second: dispute.second };
for (const [side, marks] of Object.entries(sides)) draw(document.getElementById(side), dispute.note.text, marks);

const all = new Map([...dispute.first, ...dispute.second].map((mark) => [key(mark), mark]));
const has = (side, name) => sides[side].some((mark) => key(mark) === name);
const boxes = new Map();
for (const [name, mark] of [...all].sort(([, a], [, b]) => a.evidence[0].start - b.evidence[0].start)) {
  const both = has("first", name) && has("second", name);
  const whose = both ? t("annotator.both") : t("annotator.only", { side: t(`annotator.${has("first", name) ? "first" : "second"}`) });
  const box = el("input", { type: "checkbox", checked: both });
  const words = mark.evidence.map(({ start, end }) => cut(dispute.note.text, start, end)).join("…");
  boxes.set(name, box);
  document.getElementById("marks").append(el("li", { class: `f-${mark.field}`, data: { both: String(both) } },
    el("label", {}, box, mark.title, el("q", {}, el("bdi", {}, words)), "→", el("span", { class: "value" }, el("bdi", {}, mark.display)),
      el("span", { class: "badge" }, whose), mark.certain ? null : el("span", { class: "badge" }, t("annotator.uncertain")))));
}
[...boxes.entries()].find(([name]) => !(has("first", name) && has("second", name)))?.[1].focus();

document.addEventListener("click", async (event) => {
  const side = event.target.closest("[data-side]")?.dataset.side;
  if (side) for (const [name, box] of boxes) box.checked = has(side, name);
  if (!event.target.closest("#settle")) return;
  const marks = [...all].filter(([name]) => boxes.get(name).checked).map(([, { field, evidence, value, certain }]) => ({ field, evidence, value, certain }));
  try {
    await post(`/v1/annotation/disputes/${dispute.id}/settle`, { marks });
    document.getElementById("outcome").textContent = t("annotator.settled");
    location.assign("/disputes");
  } catch (error) {
    sayFailure(error);
  }
});
