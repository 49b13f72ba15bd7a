// The sandbox's forms: what is chosen in them becomes a small change of the rule pack.

import { data, el, get, sayFailure, t } from "./base.js";

const $ = (id) => document.getElementById(id);
export const fields = data("sandbox-data");
const lines = (id) => $(id).value.split("\n").map((w) => w.trim()).filter(Boolean);
let rules = []; // of the chosen field
let shared = { cues: [], inferences: [] }; // of all fields

export async function guarded(run) {
  $("draft-wrong").hidden = true;
  try {
    return await run();
  } catch (error) {
    if (error.code?.startsWith("contract.") || error.code === "pack.examples") {
      $("draft-wrong").textContent = error.message;
      $("draft-wrong").hidden = false;
    } else sayFailure(error);
    return null;
  }
}

async function choose() {
  const field = fields[$("field").value];
  for (const select of document.querySelectorAll(".choices")) {
    const any = select.classList.contains("any") ? [el("option", { value: "" }, t("sandbox.any_value"))] : [];
    select.replaceChildren(...any, ...field.choices.map((v) => el("option", {}, v)));
  }
  for (const label of document.querySelectorAll(".choice")) label.hidden = !field.choices.length;
  const shown = await guarded(() => get(`/sandbox/rules/${$("field").value}`));
  rules = shown?.rules ?? [];
  $("rule").replaceChildren(el("option", { value: "" }, t("sandbox.new_rule")), ...rules.map((r) => el("option", {}, r.name)));
  $("threshold").placeholder = shown?.threshold ?? "";
  showRule();
}

function showRule() {
  const rule = chosen("rule", rules);
  $("rule-words").value = (Array.isArray(rule.words) ? rule.words : []).join("\n");
  $("rule-pattern").value = rule.pattern ?? (typeof rule.words === "string" ? `{lex:${rule.words}}` : "");
  $("rule-unless").value = rule.unless ?? "";
  $("rule-score").value = rule.score ?? 0.9;
  if (rule.value) $("rule-value").value = rule.value;
}

function showPart() {
  for (const part of document.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== $("what").value;
}

async function sharedRules() {
  shared = (await guarded(() => get("/sandbox/rules"))) ?? shared;
  for (const [id, records] of [["cue", shared.cues], ["inference", shared.inferences]]) {
    $(id).replaceChildren(el("option", { value: "" }, t("sandbox.new_rule")), ...records.map((r) => el("option", {}, r.name)));
  }
  showCue();
  showInference();
}

function chosen(id, records) {
  const record = records.find((r) => r.name === $(id).value) ?? {};
  $(`${id}-name`).value = record.name ?? "";
  $(`${id}-name`).readOnly = Boolean(record.name);
  $(`${id}-off`).checked = false;
  $(`${id}-off`).disabled = !record.name;
  return record;
}

function showCue() {
  const cue = chosen("cue", shared.cues);
  $("cue-status").value = cue.status ?? "negated";
  $("cue-scope").value = cue.scope ?? "before";
  $("cue-reach").value = cue.reach ?? 12;
  $("cue-pattern").value = cue.pattern ?? "";
  for (const option of $("cue-fields").options) option.selected = (cue.fields ?? []).includes(option.value);
}

function showInference() {
  const inference = chosen("inference", shared.inferences);
  if (inference.field) {
    $("field").value = inference.field;
    choose();
  }
  $("inference-value").value = inference.value ?? "";
  if (inference.then) $("inference-then").value = inference.then;
  $("inference-confidence").value = inference.confidence ?? 0.6;
  $("inference-reason").value = inference.reason ?? "";
  $("inference-windows").value = (inference.windows ?? []).map((w) => `${w.months.join(",")}: ${w.expression}`).join("\n");
}

function cueChange() {
  if ($("cue-off").checked) return { without: [$("cue").value] };
  const before = shared.cues.find((c) => c.name === $("cue").value) ?? {};
  const cue = { ...before, name: $("cue-name").value.trim(), status: $("cue-status").value, scope: $("cue-scope").value };
  cue.fields = [...$("cue-fields").selectedOptions].map((o) => o.value);
  return { rules: [{ ...cue, reach: Number($("cue-reach").value), pattern: $("cue-pattern").value }] };
}

// 「1,2,3: Q1末」 a line: in these months the field takes what the words say.
function inferenceWindow(line) {
  const [months, ...words] = line.split(/[:：]/);
  return { months: months.split(/[,，、\s]+/).filter(Boolean).map(Number), expression: words.join(":").trim() };
}

function inferenceChange() {
  if ($("inference-off").checked) return { without: [$("inference").value] };
  const rule = { name: $("inference-name").value.trim(), field: $("field").value, value: $("inference-value").value.trim() };
  const conclusion = { then: $("inference-then").value, confidence: Number($("inference-confidence").value) };
  return { rules: [{ ...rule, ...conclusion, reason: $("inference-reason").value.trim(), windows: lines("inference-windows").map(inferenceWindow) }] };
}

function ruleChange(choices) {
  if ($("rule-off").checked) return { without: [$("rule").value] };
  const before = rules.find((r) => r.name === $("rule").value) ?? {};
  const { words, pattern, ...rest } = before;
  const rule = { ...rest, name: $("rule-name").value.trim(), score: Number($("rule-score").value) };
  if (lines("rule-words").length) rule.words = lines("rule-words");
  else if (typeof words === "string" && $("rule-pattern").value === `{lex:${words}}`) rule.words = words;
  else rule.pattern = $("rule-pattern").value;
  if (choices) rule.value = $("rule-value").value;
  rule.unless = $("rule-unless").value || null;
  return { rules: [rule] };
}

function fieldChange(what, choices) {
  switch (what) {
    case "rule": return ruleChange(choices);
    case "never": return { never: [{ words: lines("never"), value: (choices && $("never-value").value) || null }] };
    case "settings": return { threshold: Number($("threshold").value) || null, write: $("write").value || null };
    default: return { examples: [{ text: $("example").value, expect: expected(choices) }] };
  }
}

function expected(choices) {
  const value = $("example-value").value.trim();
  if (!value) return [];
  return [choices || fields[$("field").value].control === "text" ? { value } : { evidence: value }];
}

export function change() {
  const what = $("what").value;
  if (what === "words") return { lexicons: { [$("lexicon").value]: { add: lines("add"), remove: lines("remove") } } };
  if (what === "cue") return { cues: cueChange() };
  if (what === "inference") return { inferences: inferenceChange() };
  return { fields: { [$("field").value]: fieldChange(what, fields[$("field").value].choices.length > 0) } };
}

export const reload = () => Promise.all([choose(), sharedRules()]);

export function start() {
  $("field").addEventListener("change", choose);
  $("rule").addEventListener("change", showRule);
  $("cue").addEventListener("change", showCue);
  $("inference").addEventListener("change", showInference);
  $("what").addEventListener("change", showPart);
  return reload();
}
