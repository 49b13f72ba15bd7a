// Versions released and taken back, calibration, retraining with its progress, the learning curve.

import { call, data, el, get, post, say, sayFailure, t } from "./base.js";

const { curve, jobs } = data("models-data");
const OPEN = ["waiting", "running", "cancelling"];
const list = document.getElementById("jobs");

/** Runs a change; the page is drawn anew with what the server then says, and the message after that. */
async function change(work) {
  try {
    sessionStorage.setItem("models-said", await work());
    location.reload();
  } catch (error) {
    sayFailure(error);
  }
}

const on = (id, work) => document.getElementById(id)?.addEventListener("click", () => change(work));

for (const article of document.querySelectorAll("[data-version]")) {
  const { version } = article.dataset;
  for (const button of article.querySelectorAll("[data-release]")) {
    const mode = button.dataset.release;
    button.addEventListener("click", () => change(async () => {
      const share = mode === "canary" ? Number(article.querySelector("[data-share]").value) : 1;
      await post("/v1/models/releases", { version, mode, share });
      return t(mode === "live" ? "models.promoted" : "models.tried", { ref: version });
    }));
  }
}
for (const button of document.querySelectorAll("[data-end]")) {
  button.addEventListener("click", () => change(async () => {
    await call("DELETE", `/v1/models/releases/${button.dataset.end}`);
    return t("models.ended");
  }));
}
on("rollback", async () => {
  const { serves } = await post("/v1/models/rollback");
  return t("models.rolled_back", { ref: serves ?? "–" });
});
on("recalibrate", async () => {
  const { changed, decisions } = await post("/v1/models/calibration");
  return t(changed ? "models.recalibrated" : "models.unchanged", { n: decisions });
});
on("uncalibrate", async () => {
  const { serves } = await post("/v1/models/calibration/rollback");
  return t("models.rolled_back", { ref: serves ?? "–" });
});

document.getElementById("retrain").addEventListener("submit", (event) => {
  event.preventDefault();
  const promote = event.target.elements.promote.checked;
  change(async () => {
    await post("/v1/models/retrain", { promote });
    return t("models.started");
  });
});

function shown(job) {
  const verdict = job.result && t("models.made", {
    version: job.result.version, verdict: t(job.result.registered ? "models.passed" : "models.refused"),
  });
  const open = OPEN.includes(job.state);
  const cancel = el("button", { type: "button", onclick: () => change(async () => {
    await post(`/v1/jobs/${job.id}/cancel`);
    return t("models.cancelling");
  }) }, t("models.cancel"));
  return el("div", { class: "row", data: { job: job.id } },
    el("span", { class: "badge" }, t(`models.${job.state}`)),
    open ? el("progress", { max: 1, value: job.progress, "aria-label": t("models.retrain") }) : null,
    el("span", {}, [job.step, verdict, job.error].filter(Boolean).join(" · ")),
    el("span", { class: "quiet" }, job.by), open && job.state !== "cancelling" ? cancel : null);
}

/** Draws the jobs, and looks again while one is under way; a job that has ended changes the rest of the page too. */
async function follow(found) {
  list.replaceChildren(...found.map(shown));
  if (!found.some((job) => OPEN.includes(job.state))) return;
  await new Promise((wake) => setTimeout(wake, 2000));
  try {
    const next = (await get("/v1/jobs")).jobs.slice(0, 5);
    if (!next.some((job) => OPEN.includes(job.state))) location.reload();
    else await follow(next);
  } catch (error) {
    sayFailure(error);
  }
}

function draw() {
  const place = document.getElementById("chart-curve");
  if (!place) return;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
  const trace = {
    type: "scatter", mode: "lines+markers", marker: { color: colour("--accent"), size: 9 },
    x: curve.map((point) => point.share * 100), y: curve.map((point) => point.f1),
  };
  window.Plotly.newPlot(place, [trace], {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("--ink"), size: 12 },
    margin: { l: 40, r: 10, t: 10, b: 40 },
    xaxis: { ...axis, range: [0, 105], ticksuffix: "%", title: { text: t("models.part") } },
    yaxis: { ...axis, title: { text: "F1" } },
  }, { displayModeBar: false, responsive: true });
  document.documentElement.dataset.drawn = "yes";
}

const said = sessionStorage.getItem("models-said");
sessionStorage.removeItem("models-said");
if (said) say(said);
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
follow(jobs);
