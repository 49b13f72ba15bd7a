// One mark as a row: its words and value, its choices when it is the current one, and the line to type a value into.

import { el, Refused, t } from "./base.js";

const PAUSE = 200; // milliseconds after the last key before the words are read

/** `act(command, …)` runs a command on this mark. The row listens for `type` (with `read`) and opens the line. */
export function row(mark, { field, words, chosen, act }) {
  const node = el("li", { class: `f-${mark.field}`, data: { field: mark.field, suggested: String(Boolean(mark.suggested)) } });
  if (chosen) node.setAttribute("aria-current", "true");
  const value = el("span", { class: mark.value === null ? "wrong" : "value" }, mark.value === null ? t("annotator.no_value") : el("bdi", {}, mark.display));
  node.append(el("div", { class: "row" },
    el("button", { type: "button", class: "plain", onclick: () => act("show") }, mark.title), el("q", {}, el("bdi", {}, words)), "→", value,
    mark.suggested ? el("span", { class: "badge" }, t("annotator.suggested")) : null,
    mark.certain ? null : el("span", { class: "badge" }, t("annotator.uncertain"))));
  if (chosen) node.append(...controls(mark, field, act));
  node.addEventListener("type", (event) => typeValue(node, mark, event.detail.read, act));
  return node;
}

function controls(mark, field, act) {
  const choices = (field?.values ?? []).map(({ value, meaning }, index) =>
    el("button", { type: "button", title: meaning, "aria-pressed": String(value === mark.value), onclick: () => act("choose", (index + 1) % 10) },
      index < 10 ? el("kbd", {}, String((index + 1) % 10)) : null, value));
  const acts = [
    mark.suggested ? ["accept", "↵"] : null, choices.length ? null : ["type", "=", "edit"], ["certain", "-", "uncertain"], ["remove", "x"],
  ].filter(Boolean);
  return [
    choices.length ? el("div", { class: "choices" }, choices) : null,
    el("div", { class: "row acts" }, acts.map(([name, key, word]) =>
      el("button", { type: "button", onclick: () => act(name) }, el("kbd", {}, key), t(`annotator.${word ?? name}`)))),
  ].filter(Boolean);
}

/** A line under `node` to type another value into: `act("typed", found)` with what was understood, or `act("back")`. */
export function typeValue(node, mark, read, act) {
  const heard = el("p", { class: "quiet", role: "status" });
  const input = el("input", { maxLength: 400, autocomplete: "off", value: mark.display });
  let [timer, asked, found, understood] = [0, 0, null, null];
  const typed = () => input.value.trim();
  async function listen() {
    const mine = (asked += 1);
    found = null;
    const words = typed();
    const answer = words ? await read(mark.field, words).catch((error) => error) : null;
    if (mine !== asked) return;
    understood = words;
    found = answer instanceof Error ? null : answer;
    heard.classList.toggle("good", Boolean(found));
    heard.textContent = found ? t("annotator.read_as", { display: found.display }) : answer instanceof Refused ? answer.message : "";
  }
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(listen, PAUSE); });
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") act("back");
    if (event.key !== "Enter") return;
    clearTimeout(timer);
    if (!found || typed() !== understood) await listen(); // else at once: the next keys are the desk's
    if (found) act("typed", found);
  });
  node.append(el("label", {}, t("annotator.value_of", { title: mark.title }), input), heard);
  input.focus();
  input.select();
}
