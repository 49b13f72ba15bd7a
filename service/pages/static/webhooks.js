// Subscriptions and deliveries: listed, made, closed, replayed.

import { call, el, get, post, say, sayFailure, t } from "./base.js";

const subscriptions = document.getElementById("subscriptions");
const deliveries = document.getElementById("deliveries");
const state = document.getElementById("state");
const form = document.getElementById("create");

const none = (columns) => el("tr", {}, el("td", { colSpan: columns }, t("webhooks.none")));

async function list() {
  const { webhooks } = await get("/v1/webhooks");
  subscriptions.replaceChildren(...(webhooks.length ? webhooks.map(subscription) : [none(3)]));
}

function subscription({ id, url, events }) {
  const close = () => attempt(async () => {
    await call("DELETE", `/v1/webhooks/${id}`);
    say(t("webhooks.closed"));
    await list();
  });
  const button = el("button", { type: "button", onclick: close, "aria-label": `${t("webhooks.close")} ${url}` }, t("webhooks.close"));
  return el("tr", {}, el("th", { scope: "row", class: "entry" }, url), el("td", {}, events.join(", ")), el("td", {}, button));
}

async function listDeliveries() {
  const found = (await get(`/v1/deliveries${state.value ? `?state=${state.value}` : ""}`)).deliveries;
  deliveries.replaceChildren(...(found.length ? found.map(delivery) : [none(5)]));
}

function delivery({ id, type, state: now, attempts, last }) {
  const again = () => attempt(async () => {
    await post(`/v1/deliveries/${id}/replay`);
    say(t("webhooks.replayed"));
    await listDeliveries();
  });
  const button = el("button", { type: "button", onclick: again, "aria-label": `${t("webhooks.replay")} ${type}` }, t("webhooks.replay"));
  return el("tr", {}, el("th", { scope: "row" }, type), el("td", { class: now === "dead" ? "wrong" : "" }, t(`webhooks.${now}`)),
    el("td", { class: "number" }, String(attempts)), el("td", { class: "entry" }, last ?? "–"), el("td", {}, button));
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    sayFailure(error);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(form);
  attempt(async () => {
    const made = await post("/v1/webhooks", { url: given.get("url"), events: given.getAll("events") });
    document.getElementById("made").replaceChildren(`${t("webhooks.secret")} `, el("code", { class: "secret" }, made.secret));
    form.elements.url.value = "";
    await list();
  });
});
state.addEventListener("change", () => attempt(listDeliveries));
attempt(list);
attempt(listDeliveries);
