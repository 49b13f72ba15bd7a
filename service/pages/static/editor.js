// The control a field is edited with, as the contract's `control` asks. What is typed is read by the service while one
// types. Every editor is {node, read()}: read() gives the new value (canonical JSON, or words), or null.

import { el, post, Refused, t } from "./base.js";

const PAUSE = 250; // milliseconds after the last key before the words are read
const UNITS = { amount: ["万元", "元", "亿元"], number: ["人"], quantity: ["台", "套", "个", "条", "辆"] };

export function editor(name, field, sentAt, save) {
  if (field.values.length) return chips(field);
  if (field.control === "date") return dates(name, field, sentAt, save);
  return typed(name, field, sentAt, save, UNITS[field.control] ?? []);
}

function chips(field) {
  let chosen = null;
  const buttons = field.values.map(({ value, meaning }) =>
    el("button", { type: "button", class: "chip", role: "radio", "aria-checked": "false", title: meaning, onclick: choose }, value));
  function choose(event) {
    for (const button of buttons) button.setAttribute("aria-checked", String(button === event.currentTarget));
    chosen = event.currentTarget.textContent;
  }
  const node = el("div", { class: "row", role: "radiogroup", "aria-label": `${t("rep.new_value")}：${field.title}` }, buttons);
  return { node, read: () => chosen, first: buttons[0] };
}

/** Words that are read live; a bare number gets the chosen unit. */
function typed(name, field, sentAt, save, units) {
  const heard = el("p", { class: "quiet", role: "status" });
  const unit = units.length > 1 ? el("select", { "aria-label": t("rep.unit") }, units.map((u) => el("option", {}, u))) : null;
  const input = el("input", { type: field.control === "tel" ? "tel" : "text", maxLength: 400, autocomplete: "off", placeholder: field.ask });
  const words = () => {
    const text = input.value.trim();
    return /^[\d.,]+$/.test(text) && units.length ? text + (unit ? unit.value : units[0]) : text;
  };
  const listen = understanding(name, sentAt, words, heard);
  input.addEventListener("input", listen.later);
  input.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && save());
  unit?.addEventListener("change", listen.later);
  const label = el("label", {}, `${t("rep.new_value")}（${field.title}）`, input);
  const node = el("div", { class: "stack" }, unit ? el("div", { class: "with-unit" }, label, unit) : label, heard);
  return { node, read: () => words() || null, first: input, heard };
}

/** 相对说法 typed in Chinese beside two date pickers. What is understood is shown in the pickers too. */
function dates(name, field, sentAt, save) {
  const from = el("input", { type: "date" });
  const to = el("input", { type: "date" });
  const said = typed(name, field, sentAt, save, []);
  let picked = false;
  for (const picker of [from, to]) picker.addEventListener("change", () => { picked = true; said.first.value = ""; said.heard.textContent = ""; });
  said.first.addEventListener("input", () => { picked = false; });
  said.heard.addEventListener("understood", (event) => {
    from.value = event.detail?.start ?? "";
    to.value = event.detail?.end ?? "";
  });
  const read = () => {
    if (!picked) return said.read();
    const [start, end] = [from.value || to.value, to.value || from.value];
    return start ? { start, end, time: null } : null;
  };
  said.node.querySelector("label").firstChild.textContent = t("rep.typed");
  const pair = el("div", { class: "pair" }, el("label", {}, t("rep.from"), from), el("label", {}, t("rep.to"), to));
  return { node: el("div", { class: "stack" }, said.node, pair), read, first: said.first };
}

function understanding(name, sentAt, words, heard) {
  let timer = 0;
  let asked = 0;
  async function ask() {
    const mine = (asked += 1);
    const text = words();
    let shown = "";
    let value = null;
    if (text) {
      try {
        const found = await post(`/v1/fields/${name}/read`, { words: text, sent_at: sentAt });
        value = found.value;
        shown = t("rep.understood", { display: found.display });
      } catch (error) {
        shown = error instanceof Refused ? error.message : ""; // without a line the words go as they are
      }
    }
    if (mine !== asked) return;
    heard.textContent = shown;
    heard.classList.toggle("good", value !== null);
    heard.dispatchEvent(new CustomEvent("understood", { detail: value }));
  }
  return { later: () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE); } };
}
