// Values to look at again. Where a note only takes a value back there is no suggestion to decide on: the question itself
// is answered, at once. Buttons: [data-decide] inside [data-again].

import { post, sayFailure, t } from "./base.js";

const DONE = { withdraw: "rep.withdrawn", keep: "rep.kept", replace: "rep.replaced" };

/** Draw a question as answered (or open again, without an action), and hand the focus on. */
export function answered(box, action) {
  const here = box.contains(document.activeElement);
  box.querySelector(".state").textContent = action ? t(DONE[action]) : "";
  box.querySelector(".actions").hidden = Boolean(action);
  if (!here) return;
  const open = [...document.querySelectorAll("[data-again] .actions:not([hidden]), .item .actions:not([hidden])")];
  (open[0]?.querySelector("button") ?? document.getElementById("main")).focus();
}

export async function settle(box, action) {
  const buttons = [...box.querySelectorAll("[data-decide]")];
  for (const button of buttons) button.disabled = true;
  try {
    await post(`/v1/reconfirmations/${box.dataset.again}`, { action });
    answered(box, action);
  } catch (error) {
    sayFailure(error);
  }
  for (const button of buttons) button.disabled = false;
}
