// The sandbox: the draft (YAML) is tried on stored notes in parts, then published; proposals are shown with their effect.

import { el, get, marked, post, say, t } from "./base.js";
import { change, fields, guarded, reload, start } from "./sandbox-forms.js";

const $ = (id) => document.getElementById(id);
const STEP = 100; // notes a request reads
const percent = (n) => `${Math.round(n * 100)}%`;
const button = (word, run, kind = "") => el("button", { type: "button", class: kind, onclick: run }, t(word));
let parent = ""; // the version the draft was made from
let turn = 0; // a newer try ends an older one

// —— trying ——

function added(total, part) {
  total.notes += part.notes;
  for (const [name, tally] of Object.entries(part.fields)) {
    const sum = (total.fields[name] ??= { found: 0, lost: 0, changed: 0, same: 0, judged: { before: {}, after: {} }, examples: [] });
    for (const key of ["found", "lost", "changed", "same"]) sum[key] += tally[key];
    for (const side of ["before", "after"]) for (const key of ["agreed", "disagreed"]) sum.judged[side][key] = (sum.judged[side][key] ?? 0) + tally.judged[side][key];
    sum.examples.push(...tally.examples);
  }
  return total;
}

async function attempt() {
  const mine = (turn += 1);
  const most = Number($("most").value);
  const total = { notes: 0, fields: {} };
  $("result").hidden = false;
  let cursor = null;
  do {
    const body = { yaml: $("yaml").value, limit: Math.min(STEP, most - total.notes), cursor };
    const part = await guarded(() => post("/v1/sandbox/try", body));
    if (!part || mine !== turn) return;
    added(total, part.effect);
    cursor = part.next;
    $("progress").value = cursor ? total.notes / Math.min(most, part.total) : 1;
    draw(total, part.examples);
  } while (cursor && total.notes < most);
  $("progress").value = 1;
  $("result").dataset.done = String(mine);
}

function summary({ notes, fields: tallies }) {
  const sum = (key) => Object.values(tallies).reduce((n, tally) => n + tally[key], 0);
  return t("sandbox.summary", { notes, found: sum("found"), lost: sum("lost"), changed: sum("changed") });
}

function draw(total, examples) {
  const tallies = Object.entries(total.fields);
  $("summary").textContent = summary(total);
  const bad = [...examples.failed.map((e) => ["sandbox.example_failed", e]), ...examples.broken.map((e) => ["sandbox.example_broken", e])];
  $("examples").replaceChildren(
    ...bad.map(([word, e]) => el("li", { class: "wrong" }, t(word, e))),
    ...(examples.count && !examples.failed.length ? [el("li", { class: "good" }, t("sandbox.examples_good", { n: examples.count }))] : []),
  );
  $("effects").replaceChildren(...tallies.filter(([, tally]) => tally.found + tally.lost + tally.changed).map(effect));
}

function effect([name, tally]) {
  const share = ({ agreed = 0, disagreed = 0 }) => (agreed + disagreed ? percent(agreed / (agreed + disagreed)) : t("sandbox.unknown"));
  const { before, after } = tally.judged;
  const known = (after.agreed ?? 0) + (after.disagreed ?? 0);
  return el(
    "section", { class: "effect stack" },
    el("h3", {}, fields[name]?.title ?? name),
    el("p", { class: "counts" }, ["found", "lost", "changed", "same"].map((key) => el("span", { class: tally[key] && key !== "same" ? "badge" : "quiet" }, t(`sandbox.${key}`, { n: tally[key] })))),
    el("p", { class: "quiet" }, t("sandbox.precision", { before: share(before), after: share(after), n: known })),
    el("ul", { class: "plain-list" }, tally.examples.slice(0, 20).map((e) => example(name, e))),
  );
}

function example(name, e) {
  const spans = [e.before, e.after].filter(Boolean).flatMap((side) => side.evidence.map((s) => ({ ...s, field: name, label: side.display })));
  const shown = (side) => side?.display ?? t("sandbox.nothing");
  return el(
    "li", { class: "example" },
    el("p", { class: "note", dir: "auto" }, marked(e.text, spans)),
    el("p", { class: "quiet" }, el("span", { class: "badge" }, t(`sandbox.kind.${e.change}`)), " ", el("bdi", {}, t("sandbox.reading", { before: shown(e.before), after: shown(e.after) }))),
  );
}

// —— versions and proposals ——

async function versions() {
  const shown = await guarded(() => get("/v1/sandbox/packs"));
  if (!shown) return;
  parent = shown.draft.parent;
  $("yaml").value = shown.draft.yaml;
  $("undo").disabled = !Object.keys(shown.serving).length;
  $("versions").replaceChildren(...(shown.versions.length ? shown.versions.map((v) => version(v, shown)) : [el("li", { class: "quiet" }, t("sandbox.no_versions"))]));
}

function version(v, { serving, adoption }) {
  const fared = adoption[v.id];
  const state = ["live", "canary"].filter((mode) => serving[mode]?.pack === v.id).map((mode) => el("span", { class: "badge" }, t(`sandbox.${mode}`, { share: percent(serving[mode].share) })));
  const diff = v.diff.map((line) => el("span", { class: line[0] === "+" ? "plus" : line[0] === "-" ? "minus" : "" }, `${line}\n`));
  return el(
    "li", { class: "effect stack" },
    el("div", { class: "row" }, el("h3", {}, t("sandbox.version", { n: v.version })), ...state, el("bdi", {}, v.note), el("span", { class: "quiet" }, `${v.by} · ${v.created_at.slice(0, 16).replace("T", " ")}`)),
    fared ? el("p", { class: "quiet" }, t("sandbox.adoption", { share: percent(fared.adoption), n: fared.decided, before: adoption[""] ? percent(adoption[""].adoption) : t("sandbox.unknown") })) : null,
    el("details", {}, el("summary", {}, t("sandbox.diff")), el("pre", { class: "diff" }, diff)),
    el("div", { class: "row" },
      button("sandbox.load", () => { $("yaml").value = v.yaml; $("yaml").focus(); }),
      button("sandbox.serve", () => act(() => post(`/v1/sandbox/packs/${v.id}/serve`, { share: Number($("share").value) }), (done) => t("sandbox.published", { version: v.version, share: percent(done.share) })))),
  );
}

async function act(run, word) {
  const done = await guarded(run);
  if (!done) return;
  say(word(done));
  await Promise.all([versions(), proposals(), reload()]);
}

async function proposals() {
  const shown = await guarded(() => get("/v1/proposals"));
  const found = shown?.proposals ?? [];
  $("proposals").replaceChildren(...(found.length ? found.map(proposal) : [el("li", { class: "quiet" }, t("sandbox.no_proposals"))]));
}

// What a proposal would change is worked out when its card comes into sight, one at a time.
let working = Promise.resolve();
const seeing = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter((e) => e.isIntersecting)) {
    seeing.unobserve(target);
    working = working.then(() => foresee(target));
  }
});

async function foresee(place) {
  const tried = place.isConnected && await post(`${place.dataset.path}/try`, { limit: STEP }).catch(() => null);
  if (!tried) return;
  place.replaceChildren(summary(tried.effect));
}

function proposal(p) {
  const quoted = (o) => el("li", { class: "example" },
    el("p", { class: "note", dir: "auto" }, marked(o.text, o.marks)),
    el("p", { class: "quiet" }, t("sandbox.counter_line", { ...o, final: o.final ?? t("sandbox.rejected") })));
  const [support, counter] = [p.support_examples.map(quoted), p.counter_examples.map(quoted)];
  const path = `/v1/proposals/${p.key}`;
  const foreseen = el("p", { class: "counts", "data-path": path });
  seeing.observe(foreseen);
  return el(
    "li", { class: `panel edge stack f-${p.field}` },
    el("h3", {}, `${p.title}：${t(`sandbox.${p.kind}`, p)}`),
    el("p", { class: "quiet" }, el("span", { class: "badge" }, t(`sandbox.found_by.${p.found}`)), " ", t("sandbox.support", p)),
    foreseen,
    el("details", {}, el("summary", {}, t("sandbox.supporting")), el("ul", { class: "plain-list" }, support)),
    counter.length ? el("details", {}, el("summary", {}, t("sandbox.counter")), el("ul", { class: "plain-list" }, counter)) : null,
    el("div", { class: "row" },
      button("sandbox.try", async () => {
        const tried = await guarded(() => post(`${path}/try`, { limit: 1 }));
        if (tried) { $("yaml").value = tried.yaml; await attempt(); $("result-head").scrollIntoView(); }
      }),
      button("sandbox.accept", () => act(() => post(`${path}/accept`, {}), (done) => t("sandbox.accepted", done)), "main"),
      button("sandbox.dismiss", () => act(() => post(`${path}/dismiss`), () => t("sandbox.dismissed")), "plain")),
  );
}

$("change").addEventListener("submit", async (event) => {
  event.preventDefault();
  const merged = await guarded(() => post("/v1/sandbox/merge", { yaml: $("yaml").value, change: JSON.stringify(change()) }));
  if (merged) { $("yaml").value = merged.yaml; await attempt(); }
});
$("draft").addEventListener("submit", (event) => { event.preventDefault(); attempt(); });
$("publish").addEventListener("click", () => act(
  () => post("/v1/sandbox/packs", { yaml: $("yaml").value, share: Number($("share").value), parent }),
  (done) => t("sandbox.published", { version: done.version, share: percent(done.share) }),
));
$("undo").addEventListener("click", () => act(() => post("/v1/sandbox/undo"), () => t("sandbox.undone")));
start();
versions();
proposals();
