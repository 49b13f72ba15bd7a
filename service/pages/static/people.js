// Users, keys and settings of the tenant. What is secret is shown once, where it was made.

import { call, el, get, post, say, sayFailure, t } from "./base.js";

const at = (id) => document.getElementById(id);
const button = (word, name, run) => el("button", { type: "button", onclick: () => attempt(run), "aria-label": `${t(word)} ${name}` }, t(word));
const text = (form, name) => form.elements[name].value.trim() || null;

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    sayFailure(error);
  }
}

function show(id, word, secret) {
  at(id).replaceChildren(`${t(word)} `, el("code", { class: "secret" }, secret));
}

async function listUsers() {
  const { users } = await get("/v1/users");
  at("users").replaceChildren(...users.map(userRow));
}

function userRow({ id, name, role, team, active }) {
  const change = async (body) => {
    const changed = await call("PATCH", `/v1/users/${id}`, body);
    if (changed.password) show("password", "people.password", changed.password);
    else say(t("base.saved"));
    await listUsers();
  };
  const roles = [...at("new-user").elements.role.options].map(({ value, text: title }) => el("option", { value, selected: value === role }, title));
  const pick = el("select", { "aria-label": `${t("people.role")} ${name}`, onchange: (event) => attempt(() => change({ role: event.target.value })) }, roles);
  const group = el("input", { value: team ?? "", maxLength: 64, "aria-label": `${t("people.team")} ${name}`, onchange: (event) => attempt(() => change({ team: event.target.value.trim() })) });
  return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, pick), el("td", {}, group), el("td", {}, t(active ? "people.active" : "people.disabled")),
    el("td", {}, el("div", { class: "row" }, button("people.reset", name, () => change({ password: "reset" })),
      active ? button("people.disable", name, () => change({ password: "disable" })) : null)));
}

async function listKeys() {
  const { keys } = await get("/v1/keys");
  at("keys").replaceChildren(...keys.map(keyRow));
}

function keyRow({ id, name, scopes, team, expires_at: expires, revoked_at: revoked }) {
  const revoke = async () => {
    await call("DELETE", `/v1/keys/${id}`);
    say(t("people.revoked"));
    await listKeys();
  };
  return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, scopes.join(", ")), el("td", {}, team ?? "–"), el("td", {}, expires?.slice(0, 10) ?? "–"),
    el("td", {}, revoked ? t("people.revoked") : button("people.revoke", name, revoke)));
}

async function readSettings() {
  const { digest, retention_days: days } = await get("/v1/settings");
  const { on, hour, retention } = at("settings").elements;
  on.checked = digest.on;
  hour.value = digest.hour;
  retention.value = days ?? "";
}

function onSubmit(id, work) {
  at(id).addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => work(at(id)));
  });
}

onSubmit("new-user", async (form) => {
  const made = await post("/v1/users", { name: text(form, "name"), role: form.elements.role.value, team: text(form, "team") });
  show("password", "people.password", made.password);
  form.reset();
  await listUsers();
});
onSubmit("new-key", async (form) => {
  const days = Number(form.elements.days.value) || null;
  const made = await post("/v1/keys", { name: text(form, "name"), team: text(form, "team"), days, scopes: new FormData(form).getAll("scopes") });
  show("key", "people.key", made.key);
  form.reset();
  await listKeys();
});
onSubmit("settings", async (form) => {
  const { on, hour, retention } = form.elements;
  await call("PUT", "/v1/settings", { digest: { on: on.checked, hour: Number(hour.value) }, retention_days: Number(retention.value) || null });
  say(t("base.saved"));
});
for (const list of [listUsers, listKeys, readSettings]) attempt(list);
