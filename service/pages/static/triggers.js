// Triggers: a form for each, drawn from the schema; tried on past confirmations, published as a version, taken back.

import { data, el, get, post, Refused, say, sayFailure, t } from "./base.js";

const $ = (id) => document.getElementById(id);
const { schema, titles } = data("triggers-data");
const LONG = 200; // letters from which a text gets more than one line
const MOST_ROWS = 20;
let kept = null; // what the service has: {own, shipped, versions}

/** The schema's texts in their order, those of a nested object under its name: [{path, spec}]. */
function leaves(properties, path = []) {
  return Object.entries(properties).flatMap(([name, spec]) => {
    const inner = spec.$ref ? schema.$defs[spec.$ref.split("/").at(-1)] : spec;
    return inner.properties ? leaves(inner.properties, [...path, name]) : [{ path: [...path, name], spec: inner }];
  });
}
const parts = leaves(schema.properties);
const at = (trigger, path) => path.reduce((inside, key) => inside?.[key], trigger) ?? "";

function control({ path, spec }, value) {
  const name = path.at(-1);
  const given = { name: path.join("."), required: (spec.minLength ?? 1) > 0, oninput: changed };
  if (name === "field") {
    return el("select", given, Object.entries(titles).map(([key, title]) => el("option", { value: key, selected: key === value }, title)));
  }
  if (spec.maxLength > LONG) return el("textarea", { ...given, maxLength: spec.maxLength, rows: 3, spellcheck: false, className: "code", value });
  return el("input", { ...given, maxLength: spec.maxLength, pattern: spec.pattern?.replace(/^\^|\$$/g, ""), value });
}

function form(trigger) {
  const node = el("li", { class: "panel trigger" });
  const name = el("h3", { class: "wide" }, trigger.name || t("triggers.new"));
  const remove = () => { node.remove(); changed(); ($("triggers").querySelector("input") ?? $("add")).focus(); };
  node.append(
    name,
    ...parts.map((part) => el("label", { class: part.spec.maxLength > LONG ? "wide" : "" }, t(`triggers.${part.path.at(-1)}`), control(part, at(trigger, part.path)))),
    el("div", { class: "row wide" }, el("button", { type: "button", onclick: remove, "aria-label": `${t("triggers.remove")} ${trigger.name ?? ""}` }, t("triggers.remove"))),
  );
  node.querySelector("[name=name]").addEventListener("input", (event) => { name.textContent = event.target.value || t("triggers.new"); });
  return node;
}

function read(node) {
  const trigger = {};
  for (const { path } of parts) {
    const inside = path.slice(0, -1).reduce((place, key) => (place[key] ??= {}), trigger);
    inside[path.at(-1)] = node.querySelector(`[name="${path.join(".")}"]`).value.trim();
  }
  return trigger;
}

const drafted = () => [...$("triggers").querySelectorAll(".trigger")].map(read);
const body = () => ({ yaml: JSON.stringify({ triggers: drafted() }) }); // JSON is YAML
const inForce = () => (kept.own ? kept.versions[0].triggers : kept.shipped);

function load(triggers) {
  $("triggers").replaceChildren(...(triggers.length ? triggers.map(form) : [el("li", { class: "quiet" }, t("triggers.empty"))]));
  changed();
}

function changed() {
  const same = JSON.stringify(drafted()) === JSON.stringify(inForce());
  const standing = kept.own ? t("triggers.in_force", { n: kept.versions[0].version }) : t("triggers.shipped");
  $("state").textContent = same ? standing : t("triggers.changed");
}

/** Run it; a refusal of the draft is shown at the control it is about. */
async function guarded(run) {
  $("wrong").hidden = true;
  document.querySelectorAll("[aria-invalid]").forEach((node) => node.removeAttribute("aria-invalid"));
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Refused && error.code === "contract.invalid")) return sayFailure(error);
    $("wrong").textContent = error.message;
    $("wrong").hidden = false;
    const [, number, ...path] = (error.problem.key ?? "").split(".");
    const wrong = $("triggers").children[number]?.querySelector(`[name="${path.join(".")}"]`);
    wrong?.setAttribute("aria-invalid", "true");
    wrong?.focus();
    return null;
  }
}

function run(found) {
  const rows = found.examples.slice(0, MOST_ROWS).map((e) => el(
    "li", {}, el("a", { href: `/customer?${new URLSearchParams({ name: e.customer })}` }, el("bdi", {}, e.customer)),
    " · ", el("bdi", {}, e.display), ` · ${e.day}`,
  ));
  return el(
    "section", { class: "run stack" },
    el("h3", {}, found.name),
    el("p", {}, t("triggers.counts", found)),
    ...found.reasons.map((reason) => el("p", { class: "wrong" }, reason)),
    rows.length ? el("ul", {}, rows) : null,
  );
}

async function attempt() {
  const found = await guarded(() => post("/v1/triggers/try", { ...body(), limit: Number($("most").value) }));
  if (!found) return;
  $("summary").textContent = t("triggers.summary", { n: found.confirmations });
  $("runs").replaceChildren(...found.triggers.map(run));
  $("result").hidden = false;
  $("result-head").focus();
}

async function publish(given, word) {
  const made = await guarded(() => post("/v1/triggers", given));
  if (!made) return;
  await overview();
  say(t(word, { n: made.version }));
}

async function overview() {
  const found = await guarded(() => get("/v1/triggers"));
  if (!found) return;
  kept = found;
  $("undo").disabled = !kept.own;
  $("versions").replaceChildren(...(kept.own ? kept.versions.map(version) : [el("li", { class: "quiet" }, t("triggers.no_versions"))]));
  load(inForce());
}

function version(v) {
  const label = t("triggers.version", { n: v.version });
  return el(
    "li", { class: "run row" },
    el("h3", {}, label),
    el("span", { class: "quiet" }, el("bdi", {}, v.by), ` · ${v.created_at.slice(0, 16).replace("T", " ")}`),
    el("span", {}, v.triggers.map((one) => one.name).join("、") || t("triggers.empty")),
    el("button", { type: "button", "aria-label": `${t("triggers.load")} ${label}`, onclick: () => { load(v.triggers); $("draft-head").scrollIntoView(); } }, t("triggers.load")),
  );
}

$("add").addEventListener("click", () => {
  $("triggers").querySelector("li:not(.trigger)")?.remove();
  const made = form({ when: "true" });
  $("triggers").append(made);
  made.querySelector("input").focus();
  changed();
});
$("draft").addEventListener("submit", (event) => { event.preventDefault(); attempt(); });
$("publish").addEventListener("click", () => $("draft").reportValidity() && publish(body(), "triggers.published"));
$("undo").addEventListener("click", () => publish({ yaml: JSON.stringify({ triggers: kept.versions[1]?.triggers ?? kept.shipped }) }, "triggers.undone"));
overview();
