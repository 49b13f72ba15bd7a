// Charts of the board, drawn by Plotly in the page's own colours; a click leads to the notes behind the mark.

import { data, t } from "./base.js";

const { weeks, fields, calibration, reasons, titles, asked } = data("board-data");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const percent = (share) => (share === null ? null : share * 100);

function layout(more = {}) {
  const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("--ink"), size: 12 },
    margin: { l: 40, r: 10, t: 10, b: 40 }, legend: { orientation: "h", y: 1.15 }, barmode: "stack",
    ...more, xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis },
  };
}

/** Draws into the element, and follows its width; `behind` gives the query of the notes behind a clicked point. */
function draw(id, traces, shape, behind) {
  const place = document.getElementById(`chart-${id}`);
  const options = { displayModeBar: false, responsive: true };
  window.Plotly.newPlot(place, traces, shape, options);
  if (!behind) return;
  place.on("plotly_click", ({ points }) => {
    const query = new URLSearchParams(Object.entries({ ...asked, ...behind(points[0]) }).filter(([, value]) => value));
    location.assign(`/board/notes?${query}`);
  });
}

// Plotly reads a little HTML in its texts; what people wrote is text.
const plain = (words) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const PARTS = [["adoption", "confirmed", "--good"], ["correction", "corrected", "--accent"], ["rejection", "rejected", "--bad"]];

function stacked(groups, names, extra) {
  return PARTS.map(([part, state, name]) => ({
    type: "bar", name: t(`board.${part}`), marker: { color: colour(name) }, ...extra(names.map((key) => percent(groups[key][part]))),
    customdata: names.map((key) => [key, state]), hovertemplate: "%{x} · %{y}<extra>%{fullData.name}</extra>",
  }));
}

function all() {
  const mondays = Object.keys(weeks);
  draw("weeks", stacked(weeks, mondays, (values) => ({ x: mondays, y: values })),
    layout({ xaxis: { type: "category" }, yaxis: { range: [0, 100], ticksuffix: "%" } }),
    ({ customdata: [week, state] }) => ({ week, state }));
  const names = Object.keys(fields).reverse();
  draw("fields", stacked(fields, names, (values) => ({ orientation: "h", x: values, y: names.map((key) => titles[key] ?? key) })),
    layout({ xaxis: { range: [0, 100], ticksuffix: "%" }, yaxis: { type: "category" } }),
    ({ customdata: [field, state] }) => ({ field, state }));
  const line = { type: "scatter", mode: "lines", x: [0, 100], y: [0, 100], name: t("board.ideal"), line: { dash: "dot", color: colour("--quiet") } };
  const seen = {
    type: "scatter", mode: "lines+markers", name: t("board.accepted"), marker: { color: colour("--accent"), size: 9 },
    x: calibration.map((bin) => percent(bin.promised)), y: calibration.map((bin) => percent(bin.accepted)),
  };
  draw("calibration", [line, seen], layout({
    xaxis: { range: [0, 102], ticksuffix: "%", title: { text: t("board.promised") } },
    yaxis: { range: [0, 102], ticksuffix: "%", title: { text: t("board.accepted") } },
  }));
  const why = Object.keys(reasons).reverse();
  draw("reasons", [{ type: "bar", orientation: "h", x: why.map((key) => reasons[key]), y: why.map(plain), customdata: why, marker: { color: colour("--bad") } }],
    layout({ yaxis: { type: "category" } }), ({ customdata }) => ({ state: "rejected", reason: customdata }));
  document.documentElement.dataset.drawn = "yes";
}

all();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
