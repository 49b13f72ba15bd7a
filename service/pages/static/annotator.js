// The annotation desk: one note, its marks, and a key for everything. Drafts are kept while one works.

import { call, cut, data, el, get, points, post, Refused, say, sayFailure, t } from "./base.js";
import { draw, nativeSelection, wordBorders } from "./lanes.js";
import { commandOf } from "./annotator_keys.js";
import { row } from "./annotator_marks.js";

const PAUSE = 700; // milliseconds after the last change before the draft is kept
const page = data("annotator-data");
const fields = new Map(page.fields.map((field) => [field.name, field]));
const text = document.getElementById("text");
let task = null;
let marks = [];
let current = -1;
let selection = { anchor: 0, at: 0 };
let past = [];
let timer = 0;
let line = Promise.resolve(); // requests about this note, one after the other

// ---- drawing

function show() {
  draw(text, task.note.text, marks, { current, selection });
  const list = document.getElementById("marks");
  list.replaceChildren(...marks.map((mark, index) => row(mark, {
    field: fields.get(mark.field), words: wordsOf(mark), chosen: index === current, act: (name, ...rest) => { current = index; run(name, ...rest); },
  })));
  document.getElementById("none").hidden = marks.length > 0;
  const [start, end] = range();
  document.getElementById("where").textContent = start < end
    ? t("annotator.selected", { words: cut(task.note.text, start, end), start: start + 1, end })
    : t("annotator.caret", { at: selection.at });
}

const wordsOf = (mark) => mark.evidence.map(({ start, end }) => cut(task.note.text, start, end)).join("…");
const range = () => [Math.min(selection.anchor, selection.at), Math.max(selection.anchor, selection.at)];
const size = () => points(task.note.text).length;

// ---- the note and its draft

async function next() {
  try {
    const answer = await post("/v1/annotation/next", {});
    open(answer.task);
    progress();
  } catch (error) {
    sayFailure(error);
  }
}

function open(given) {
  task = given;
  document.getElementById("desk").hidden = !task;
  document.getElementById("nothing").hidden = Boolean(task);
  document.getElementById("why").hidden = true;
  if (!task) return;
  [marks, past, selection, current] = [task.sheet.marks, [], { anchor: 0, at: 0 }, task.sheet.marks.length ? 0 : -1];
  const badges = [t(`annotator.strategy.${task.strategy}`), ...(task.double ? [t("annotator.double")] : [])];
  document.getElementById("about").replaceChildren(
    t("annotator.sent", { time: task.note.sent_at.slice(0, 16).replace("T", " ") }),
    ...badges.map((badge) => el("span", { class: "badge" }, badge)));
  show();
  text.focus();
}

async function progress() {
  const found = await get("/v1/annotation/progress").catch(() => null);
  if (!found) return;
  const mine = found.annotators.find((one) => one.annotator === page.who) ?? { done: 0 };
  document.getElementById("progress").textContent = t("annotator.state", {
    done: mine.done, seconds: mine.seconds_per_note ?? "–", left: found.states.open + found.states.marked,
  });
}

const sent = () => marks.map(({ field, evidence, value, certain, suggested }) => ({ field, evidence, value, certain, suggested: Boolean(suggested) }));

/** A request about the open note, behind those before it; gives the new version to the next one. */
function about(method, path, body) {
  const of = task;
  line = line.catch(() => null).then(async () => {
    const answer = await call(method, `/v1/annotation/tasks/${of.id}/${path}`, body, { "If-Match": `"${of.sheet.version}"` });
    of.sheet.version = answer.sheet.version;
    return answer;
  });
  return line;
}

function changed(before) {
  past.push(before);
  clearTimeout(timer);
  timer = setTimeout(keep, PAUSE);
  show();
}

async function keep() {
  try {
    await about("PUT", "marks", { marks: sent() });
  } catch (error) {
    failed(error);
  }
}

function failed(error) {
  if (error instanceof Refused && error.status === 409) {
    say(t("annotator.conflict"), { seconds: 8 });
    next();
  } else sayFailure(error);
}

const snapshot = () => ({ marks: marks.map((mark) => ({ ...mark })), current });

// ---- what one can do

function move(to, extend) {
  const at = Math.max(0, Math.min(size(), to));
  selection = { anchor: extend ? selection.anchor : at, at };
  if (!extend) current = -1;
  show();
}

function word(step, extend) {
  const borders = wordBorders(task.note.text);
  const beyond = step > 0 ? borders.find((place) => place > selection.at) : borders.findLast((place) => place < selection.at);
  move(beyond ?? selection.at, extend);
}

function pickMark(step) {
  if (!marks.length) return;
  current = current < 0 ? (step > 0 ? 0 : marks.length - 1) : (current + step + marks.length) % marks.length;
  const { start, end } = marks[current].evidence[0];
  selection = { anchor: end, at: end };
  if (start === end) selection = { anchor: start, at: start };
  show();
  document.querySelector("#marks [aria-current]")?.scrollIntoView({ block: "nearest" });
}

/** Label the selection; without one, give the current mark another field. */
async function label(name) {
  const [start, end] = range();
  const before = snapshot();
  if (start < end) {
    marks = [...marks, { field: name, title: fields.get(name).title, evidence: [{ start, end }], value: null, display: "", certain: true }];
    current = marks.length - 1;
    selection = { anchor: end, at: end };
  } else if (marks[current]) {
    marks[current] = { ...marks[current], field: name, title: fields.get(name).title, value: null, display: "", suggested: false };
  } else return void say(t("annotator.select_first"), { seconds: 3 });
  changed(before);
  await understand(marks[current]);
}

/** The value that the marked words themselves have, where they have one. */
async function understand(mark) {
  const choices = fields.get(mark.field)?.values ?? [];
  if (choices.length && !choices.some(({ value }) => value === wordsOf(mark))) return;
  const found = await read(mark.field, wordsOf(mark)).catch((error) => {
    if (error.status !== 422) sayFailure(error); // 422: the words have no value of their own
    return null;
  });
  const at = marks.indexOf(mark);
  if (!found || at < 0) return;
  marks[at] = { ...mark, value: found.value, display: found.display };
  clearTimeout(timer);
  timer = setTimeout(keep, PAUSE);
  show();
}

const read = (field, words) => post(`/v1/fields/${field}/read`, { words, sent_at: task.note.sent_at });

/** Change the current mark; who changes a suggestion has taken it over. */
function change(given) {
  if (!marks[current]) return say(t("annotator.select_first"), { seconds: 3 });
  const before = snapshot();
  marks[current] = { ...marks[current], suggested: false, ...given };
  changed(before);
}

function edge(side, step) {
  const mark = marks[current];
  if (!mark) return say(t("annotator.select_first"), { seconds: 3 });
  const first = { ...mark.evidence[0] };
  first[side] += step;
  if (first.start < 0 || first.end > size() || first.start >= first.end) return;
  const rest = mark.evidence.slice(1);
  const literal = mark.value === wordsOf(mark); // names and the like: the words are the value
  change({ evidence: [first, ...rest] });
  if (literal || mark.value === null) understand(marks[current]);
}

function choose(number) {
  const values = fields.get(marks[current]?.field)?.values ?? [];
  const chosen = values[number === 0 ? 9 : number - 1];
  if (chosen) change({ value: chosen.value, display: chosen.value });
}

function accept() {
  if (!marks[current]?.suggested) return;
  change({});
  const open = marks.findIndex((mark) => mark.suggested);
  if (open >= 0) { current = open; show(); }
}

function acceptAll() {
  const before = snapshot();
  marks = marks.map((mark) => ({ ...mark, suggested: false }));
  changed(before);
}

function remove() {
  if (!marks[current]) return;
  const before = snapshot();
  marks = marks.filter((_, index) => index !== current);
  current = Math.min(current, marks.length - 1);
  changed(before);
}

function undo() {
  const before = past.pop();
  if (!before) return;
  ({ marks, current } = before);
  clearTimeout(timer);
  timer = setTimeout(keep, PAUSE);
  show();
}

function type() {
  if (!marks[current]) return say(t("annotator.select_first"), { seconds: 3 });
  document.querySelector("#marks [aria-current]").dispatchEvent(new CustomEvent("type", { detail: { read } }));
}

async function finish() {
  const open = marks.filter((mark) => mark.suggested).length;
  if (open) return say(t("annotator.undecided", { n: open }), { seconds: 4 });
  await line.catch(() => null);
  const lacking = marks.findIndex((mark) => mark.value === null);
  if (lacking >= 0) {
    current = lacking;
    show();
    return say(t("annotator.valueless", { title: marks[lacking].title }), { seconds: 4 });
  }
  clearTimeout(timer);
  try {
    await about("POST", "finish", { marks: sent() });
    await next();
  } catch (error) {
    failed(error);
  }
}

function skip() {
  const why = document.getElementById("why");
  why.hidden = !why.hidden;
  document.querySelector("[data-do=skip]").setAttribute("aria-expanded", String(!why.hidden));
  const leave = async (reason) => {
    clearTimeout(timer);
    await about("POST", "skip", { reason }).then(next, failed);
  };
  why.replaceChildren(...page.reasons.map((reason) => el("button", { type: "button", class: "chip", onclick: () => leave(reason) }, reason)));
  (why.hidden ? text : why.firstElementChild).focus();
}

const COMMANDS = { move, word, pickMark, label, change, edge, choose, accept, acceptAll, remove, undo, type, finish, skip, show };
COMMANDS.step = (step, extend) => move(selection.at + step, extend);
COMMANDS.line = (end, extend) => move(end ? size() : 0, extend);
COMMANDS.certain = () => marks[current] && change({ certain: !marks[current].certain });
COMMANDS.typed = (found) => { change({ value: found.value, display: found.display }); text.focus(); };
COMMANDS.back = () => { show(); text.focus(); };

function run(name, ...rest) {
  if (task) COMMANDS[name](...rest);
}

// ---- keys and mouse

document.addEventListener("keydown", (event) => {
  const command = task && commandOf(event, page.fields);
  if (!command) return;
  event.preventDefault();
  run(...command);
});

function takeNative() {
  const found = nativeSelection(text);
  if (!found) return;
  selection = found;
  if (found.anchor === found.at) {
    const under = marks.map((mark, index) => ({ index, ...mark.evidence[0] })).filter((one) => one.start <= found.at && found.at < one.end);
    current = under.sort((a, b) => a.end - a.start - (b.end - b.start))[0]?.index ?? -1;
  }
  getSelection().removeAllRanges();
  show();
}

text.addEventListener("mouseup", takeNative);
document.getElementById("labels").append(...page.fields.map((field) =>
  el("button", { type: "button", class: `f-${field.name}`, title: field.definition, onclick: () => { takeNative(); run("label", field.name); text.focus(); } },
    field.key ? el("kbd", {}, field.key) : null, field.title)));
document.addEventListener("click", (event) => {
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (name) run(name);
});
next();
