// Values to look at again, decided here by one tap; and taps that an earlier visit could not send go out: then the list
// is read again.

import { answered, settle } from "./again.js";
import { say, sayFailure, t } from "./base.js";
import { Queue } from "./queue.js";

const UNDO = 10; // seconds
const line = document.getElementById("queue");
const { who, stillHolds } = line.dataset;
const mine = new Map(); // taps of this visit: their key → the question
let went = 0;

const queue = new Queue(who, {
  sent: (tap) => { went += mine.has(tap.key) ? 0 : 1; },
  refused: (tap, error) => {
    if (mine.has(tap.key)) answered(mine.get(tap.key), null);
    sayFailure(error);
  },
  changed: (taps) => {
    line.textContent = taps.length ? t("rep.queue", { n: taps.length }) : "";
    if (!taps.length && went) location.reload();
  },
});

/** One tap on a question that a suggestion asks; it can be taken back for ten seconds. */
function decide(box, action) {
  const { extraction, suggestion } = box.dataset;
  const given = action === "replace" ? { action: "confirm" } : { action: "reject", reason: stillHolds };
  const tap = queue.add(extraction, [{ suggestion_id: suggestion, ...given }]);
  mine.set(tap.key, box);
  answered(box, action);
  const run = () => {
    if (!queue.withdraw(tap.key)) mine.set(queue.add(extraction, [{ suggestion_id: suggestion, action: "undo" }]).key, box);
    answered(box, null);
    box.querySelector("[data-decide]").focus();
  };
  say(box.querySelector(".state").textContent, { seconds: UNDO, action: { label: t("base.undo"), run } });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-decide]");
  if (!button) return;
  const box = button.closest("[data-again]");
  (box.dataset.suggestion ? decide : settle)(box, button.dataset.decide);
});
queue.listen.changed(queue.taps());
queue.flush();
