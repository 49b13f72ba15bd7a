// A note in, everything the engine sees out. The shared link carries the text behind its #, which browsers do not send.

import { el, marked, post, say, sayFailure, t } from "./base.js";

const $ = (id) => document.getElementById(id);
const ZONE = "+08:00"; // notes are read on Chinese time

function encode(given) {
  const bytes = new TextEncoder().encode(JSON.stringify(given));
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decode(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

const percent = (n) => `${Math.round(n * 100)}%`;
const status = (claim) => t("try.claim", { status: t(`try.status.${claim.status}`) });

function candidates(list) {
  if (!list?.length) return null;
  const rows = list.map((c) => el("li", {}, el("code", {}, c.source), ` 「${c.text}」 ${percent(c.score)}${c.value ? ` → ${c.value}` : ""}`));
  return el("details", {}, el("summary", {}, t("try.candidates")), el("ul", {}, rows));
}

function field(f) {
  const speaker = f.claim.speaker ? ` · ${t("try.speaker", { who: f.claim.speaker })}` : "";
  return el(
    "li", { class: `item f-${f.field}${f.basis === "inferred" ? " inferred" : ""}` },
    el("div", { class: "item-head" }, el("h3", {}, f.title), f.basis === "inferred" ? el("span", { class: "badge" }, t("try.inferred")) : null, el("span", { class: "quiet sure" }, percent(f.confidence))),
    el("p", { class: "value" }, el("bdi", {}, f.display)),
    el("p", { class: "quiet" }, f.why),
    el("p", { class: "quiet" }, status(f.claim) + speaker),
    candidates(f.candidates),
  );
}

const refused = (r) => el("li", { class: `item f-${r.field}` }, el("h3", {}, r.title), el("p", {}, r.evidence.map((e) => `「${e.text}」`).join("")), el("p", { class: "quiet" }, r.message + r.ask));

const dropped = (d) => el(
  "li", { class: `item f-${d.field}` },
  el("p", {}, `「${d.text}」 `, el("code", {}, d.source), ` ${percent(d.score)}`),
  el("p", { class: "quiet" }, `${d.why} · ${status(d.claim)}`),
  d.lost_to ? el("p", { class: "quiet" }, t("try.lost_to", { what: `「${d.lost_to.text}」 ${d.lost_to.source}` })) : null,
);

function section(key, list, draw) {
  return el("section", { class: "stack" }, el("h2", {}, t(key, { n: list.length })), el("ul", { class: "items" }, list.length ? list.map(draw) : el("li", { class: "quiet" }, t("try.nothing"))));
}

const given = () => ({ text: $("text").value, sent_at: `${$("at").value}:00${ZONE}` });

async function run() {
  const note = given();
  try {
    const found = await post("/v1/extractions?explain=true", { note, store: false });
    const spans = found.fields.flatMap((f) => f.evidence.map((e) => ({ ...e, field: f.field, label: f.title })));
    $("result").replaceChildren(
      el("p", { class: "panel note", id: "drawn", dir: "auto" }, marked(note.text, spans)),
      el("div", { class: "split" }, section("try.fields", found.fields, field), el("div", { class: "stack" }, section("try.unsure", found.unsure, field), section("try.refused", found.refused, refused), section("try.dropped", found.dropped, dropped))),
    );
  } catch (error) {
    sayFailure(error);
  }
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); run(); });
$("share").addEventListener("click", async () => {
  const link = `${location.origin}/try#${encode(given())}`;
  $("link").value = link;
  $("link-row").hidden = false;
  $("link").select();
  try {
    await navigator.clipboard.writeText(link);
    say(t("try.shared"));
  } catch {
    $("link").focus(); // no clipboard without TLS: the link stands there, selected
  }
});

/** Chinese time of a moment, as the control wants it. */
const local = (moment) => new Date(moment.getTime() + 8 * 3600_000).toISOString().slice(0, 16);

function start() {
  $("at").value = local(new Date());
  if (location.hash.length < 2) return;
  try {
    const shared = decode(location.hash.slice(1));
    $("text").value = shared.text;
    $("at").value = shared.sent_at.slice(0, 16);
    run();
  } catch {
    history.replaceState({}, "", "/try"); // a link cut short
  }
}
addEventListener("hashchange", start);
start();
