// The confirm card: a tap shows at once what it does, and goes through the queue. Every action works by keyboard.

import { settle } from "./again.js";
import { data, el, say, sayFailure, t } from "./base.js";
import { editor } from "./editor.js";
import { Queue } from "./queue.js";

const UNDO = 10; // seconds
const DONE = { confirm: "confirmed", correct: "corrected", reject: "rejected" };
let card = data("card-data");
const queue = new Queue(card.who, { sent, refused, changed });

const item = (id) => document.querySelector(`.item[data-id="${id}"]`);
const items = () => [...document.querySelectorAll(".item")];
const known = (id) => card.suggestions.find((s) => s.suggestion_id === id);
const pending = () => items().filter((node) => node.dataset.state === "pending");

/** Draw a row's state; `note` stands behind it (待发送, the reason), `undo` adds the button. */
function show(id, state, { note = "", value = null, undo = null } = {}) {
  const node = item(id);
  if (!node) return;
  node.dataset.state = state;
  node.querySelector(".actions").hidden = state !== "pending";
  close(node);
  if (value !== null) node.querySelector(".value.new bdi").textContent = value;
  const line = node.querySelector(".state");
  line.replaceChildren(...(state === "pending" ? [] : [t(`rep.state.${state}`) + (note ? `：${note}` : "")]));
  if (undo) line.append(el("button", { type: "button", class: "undo", onclick: undo }, t("base.undo")));
  document.getElementById("all").hidden = pending().length === 0;
}

function decide(decisions, notes = {}) {
  const before = document.activeElement;
  const tap = queue.add(card.extraction, decisions);
  const undo = () => takeBack(tap);
  for (const d of decisions) {
    const note = d.reason ?? "";
    show(d.suggestion_id, DONE[d.action], { note, value: notes[d.suggestion_id] ?? null, undo });
  }
  setTimeout(() => tap.decisions.forEach((d) => forgetUndo(d.suggestion_id)), UNDO * 1000);
  if (!before?.isConnected || before.closest("[hidden]")) focusNext(decisions.at(-1).suggestion_id);
  if (!pending().length) say(t("rep.all_done"), { seconds: 3 });
}

function forgetUndo(id) {
  const button = item(id)?.querySelector(".undo");
  if (!button) return;
  const focused = button === document.activeElement;
  button.remove();
  if (focused) focusNext(id);
}

/** After a decision the next open row has the focus, then 下一条, then the page. */
function focusNext(id) {
  const all = items();
  const at = all.findIndex((node) => node.dataset.id === id);
  const open = [...all.slice(at + 1), ...all.slice(0, at)].find((node) => node.dataset.state === "pending");
  const target = open?.querySelector("[data-act=confirm]") ?? document.getElementById("next") ?? document.getElementById("main");
  target.focus();
}

function takeBack(tap) {
  if (!queue.withdraw(tap.key)) {
    queue.add(tap.extraction, tap.decisions.map((d) => ({ suggestion_id: d.suggestion_id, action: "undo" })));
  }
  for (const d of tap.decisions) show(d.suggestion_id, "pending", { value: known(d.suggestion_id)?.display ?? null });
  item(tap.decisions[0].suggestion_id)?.querySelector("[data-act=confirm]").focus();
  say(t("rep.undone"), { seconds: 3 });
}

/** The service took a tap. What it says now holds, unless more taps for that note still wait. */
function sent(tap, answer) {
  if (tap.extraction === card.extraction && !queue.taps().some((other) => other.extraction === tap.extraction)) {
    align(answer.fields);
  }
}

function refused(tap, error) {
  if (error.status === 401 || error.code === "session.csrf") {
    say(t("base.too_old"), { seconds: 20, action: { label: t("rep.sign_in"), run: () => location.reload() } });
    return;
  }
  if (tap.extraction !== card.extraction) return sayFailure(error);
  if (error.status === 409 && error.problem.current) {
    align(error.problem.current.fields);
    say(t("rep.conflict"), { seconds: 8 });
    return;
  }
  for (const d of tap.decisions) {
    show(d.suggestion_id, "pending", { value: known(d.suggestion_id)?.display ?? null });
    const node = item(d.suggestion_id);
    node?.querySelector(".actions").before(el("p", { class: "wrong", role: "alert" }, error.message));
  }
}

function align(fields) {
  for (const f of fields) {
    if (item(f.suggestion_id) && item(f.suggestion_id).dataset.state !== f.state) show(f.suggestion_id, f.state);
  }
}

function changed(taps) {
  document.getElementById("queue").textContent = taps.length ? t("rep.queue", { n: taps.length }) : "";
  const waiting = new Set(taps.flatMap((tap) => tap.decisions.map((d) => d.suggestion_id)));
  for (const node of items()) {
    node.querySelector(".waits")?.remove();
    if (waiting.has(node.dataset.id)) node.querySelector(".state").append(el("span", { class: "badge waits" }, t("rep.sending")));
  }
}

// ---- drawers: edit and reject

function close(node) {
  const drawer = node.querySelector(".drawer");
  drawer.hidden = true;
  drawer.replaceChildren();
  node.querySelectorAll(".wrong").forEach((old) => old.remove());
  node.querySelectorAll("[aria-expanded]").forEach((button) => button.setAttribute("aria-expanded", "false"));
}

function open(node, act, ...content) {
  close(node);
  const opener = node.querySelector(`[data-act=${act}]`);
  const cancel = el("button", { type: "button", onclick: () => { close(node); opener.focus(); } }, t("base.cancel"));
  const drawer = node.querySelector(".drawer");
  drawer.replaceChildren(...content);
  drawer.lastElementChild.append(cancel);
  drawer.hidden = false;
  opener.setAttribute("aria-expanded", "true");
}

function edit(node) {
  const id = node.dataset.id;
  const field = card.fields[node.dataset.field];
  const save = () => {
    const value = tool.read();
    if (value === null) return tool.first.focus();
    const shown = typeof value === "string" ? value : [...new Set([value.start, value.end])].join(" – ");
    const heard = node.querySelector(".drawer .good")?.textContent;
    decide([{ suggestion_id: id, action: "correct", value }], { [id]: heard ? heard.replace(/^[^：:]*[：:]\s*/, "") : shown });
  };
  const tool = editor(node.dataset.field, field, card.sent_at, save);
  open(node, "edit", tool.node, el("div", { class: "row" }, el("button", { type: "button", class: "main", onclick: save }, t("rep.save"))));
  tool.first.focus();
}

function reject(node) {
  const run = (reason) => reason.trim() && decide([{ suggestion_id: node.dataset.id, action: "reject", reason: reason.trim() }]);
  const chips = card.reasons.map((reason) => el("button", { type: "button", class: "chip", onclick: () => run(reason) }, reason));
  const other = el("input", { maxLength: 400, onkeydown: (event) => event.key === "Enter" && !event.isComposing && run(other.value) });
  open(
    node,
    "reject",
    el("div", { class: "row", role: "group", "aria-label": t("rep.why_wrong") }, chips),
    el("label", {}, t("rep.other_reason"), other),
    el("div", { class: "row" }, el("button", { type: "button", class: "main", onclick: () => run(other.value) }, t("rep.reject"))),
  );
  chips[0].focus();
}

// ---- what is tapped

const keep = (node) => decide([{ suggestion_id: node.dataset.id, action: "reject", reason: card.still_holds }]);
const ACTS = { confirm: (node) => decide([{ suggestion_id: node.dataset.id, action: "confirm" }]), keep, edit, reject };

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) {
    const node = button.closest(".item");
    if (button.getAttribute("aria-expanded") === "true") close(node);
    else ACTS[button.dataset.act](node);
  } else if (event.target.closest("button[data-decide]")) {
    settle(event.target.closest("[data-again]"), event.target.closest("button").dataset.decide);
  } else if (event.target.closest("#all")) {
    decide(pending().map((node) => ({ suggestion_id: node.dataset.id, action: "confirm" })));
  } else if (event.target.closest("#next") && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    visit(event.target.closest("#next").href, true);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const node = event.target.closest?.(".item");
    const opener = node?.querySelector("[aria-expanded=true]");
    if (opener) { close(node); opener.focus(); }
  }
});

/** Where a row has the focus or the pointer, its evidence stands out. */
function point(event) {
  const field = event.target.closest?.(".item")?.dataset.field;
  document.querySelectorAll("#note mark").forEach((mark) =>
    mark.classList.toggle("here", Boolean(field) && mark.dataset.fields.split(" ").includes(field)));
}
document.addEventListener("focusin", point);
document.addEventListener("pointerover", point);

/** Another note's card in place of this one, without a reload. */
async function visit(path, forward) {
  try {
    const answer = await fetch(path, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("card");
    if (!answer.ok || !fresh) return location.assign(path);
    document.getElementById("card").replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    if (forward) history.pushState({}, "", path);
    card = data("card-data");
    changed(queue.taps());
    scrollTo(0, 0);
    (document.querySelector("[data-act=confirm]") ?? document.getElementById("main")).focus({ preventScroll: true });
  } catch (error) {
    sayFailure(error);
  }
}
addEventListener("popstate", () => visit(location.href, false));

// taps of an earlier visit: show them as done and waiting, then send
for (const tap of queue.taps().filter((waiting) => waiting.extraction === card.extraction)) {
  for (const d of tap.decisions) show(d.suggestion_id, d.action === "undo" ? "pending" : DONE[d.action], { note: d.reason ?? "" });
}
changed(queue.taps());
queue.flush();
performance.mark("usable");
