// What every page's module shares: words, requests, messages, and texts cut by code points.

const words = JSON.parse(document.getElementById("words").textContent);
const csrf = document.querySelector("meta[name=csrf]").content;

/** The text of a key, its {places} filled; the same as `t` in templates. */
export function t(key, given = {}) {
  if (!(key in words)) throw new Error(`words: ${key}`);
  return words[key].replace(/\{(\w+)\}/g, (_, name) => given[name] ?? "");
}

/** The data of a JSON block of this page. */
export function data(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** A refused request: `status`, `code`, Chinese `message`, and the whole problem document. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? String(status));
    Object.assign(this, { status, code: problem.code ?? "", problem });
  }
}

/** JSON in, JSON out, with the CSRF token. Raises Refused for an answer that refuses, TypeError without a line. */
export async function call(method, path, body, headers = {}) {
  const answer = await fetch(path, {
    method,
    headers: {
      Accept: "application/json",
      "X-CSRF-Token": csrf,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let read;
  try {
    read = text ? JSON.parse(text) : {};
  } catch {
    read = { detail: `${answer.status}` };
  }
  if (!answer.ok) throw new Refused(answer.status, read);
  return read;
}

export const get = (path) => call("GET", path);
export const post = (path, body, headers) => call("POST", path, body, headers);

/** An element; `given` are properties, or attributes where the name has a dash or is role/for. Texts are text. */
export function el(name, given = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (key === "data") Object.assign(made.dataset, value);
    else if (key.includes("-") || key === "role" || key === "for" || key === "list") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** A message that is read out; `action` = {label, run} puts a button into it. Gives a function that takes it away. */
export function say(text, { action = null, seconds = 5 } = {}) {
  const box = el("div", {}, el("span", {}, text));
  let timer = 0;
  const away = () => {
    clearTimeout(timer);
    box.remove();
  };
  if (action) {
    box.append(el("button", { type: "button", onclick: () => { away(); action.run(); } }, action.label));
  }
  document.getElementById("messages").append(box);
  timer = setTimeout(away, seconds * 1000);
  return away;
}

/** Says what went wrong with a request. */
export function sayFailure(error) {
  if (error instanceof Refused && error.status === 401) say(t("base.too_old"), { seconds: 15 });
  else say(error instanceof Refused ? t("base.failed", { detail: error.message }) : t("base.offline"), { seconds: 8 });
}

/** Offsets count code points, JavaScript's strings do not: cut and measure by these. */
export const points = (text) => Array.from(text);
export const cut = (text, start, end) => points(text).slice(start, end).join("");

/**
 * The text with its spans marked, as a fragment. Spans: {start, end, field, label?}; they may overlap: the text is cut
 * at every border, and a stretch under several spans names them all and has the class `several`.
 */
export function marked(text, spans) {
  const letters = points(text);
  const borders = new Set([0, letters.length]);
  for (const span of spans) borders.add(span.start).add(span.end);
  const places = [...borders].filter((n) => n >= 0 && n <= letters.length).sort((a, b) => a - b);
  const fragment = document.createDocumentFragment();
  for (let i = 0; i + 1 < places.length; i += 1) {
    const piece = letters.slice(places[i], places[i + 1]).join("");
    const over = spans.filter((span) => span.start <= places[i] && places[i + 1] <= span.end);
    if (!over.length) fragment.append(piece);
    else {
      const fields = [...new Set(over.map((span) => span.field))];
      const mark = el("mark", { class: `f-${fields[0]}${fields.length > 1 ? " several" : ""}` }, piece);
      mark.dataset.fields = fields.join(" ");
      mark.dataset.start = places[i];
      mark.title = [...new Set(over.map((span) => span.label ?? span.field))].join(" · ");
      fragment.append(mark);
    }
  }
  return fragment;
}

document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault(); // a fragment would stay in the address, where 试一试 keeps its text
  document.getElementById("main").focus();
});
