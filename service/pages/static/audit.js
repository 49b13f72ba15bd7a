// Walks the whole chain on request and says where it does not hold.

import { post, sayFailure, t } from "./base.js";

const button = document.getElementById("verify");
const verdict = document.getElementById("verdict");

button.addEventListener("click", async () => {
  button.disabled = true;
  verdict.textContent = t("audit.walking");
  try {
    const found = await post("/v1/audit/verification");
    verdict.className = found.holds ? "good" : "wrong";
    const broken = found.breaks.map(({ seq, what }) => `#${seq} ${what}`).join("; ");
    verdict.textContent = found.holds ? t("audit.holds", { n: found.entries }) : t("audit.broken", { what: broken });
  } catch (error) {
    verdict.textContent = "";
    sayFailure(error);
  } finally {
    button.disabled = false;
  }
});
