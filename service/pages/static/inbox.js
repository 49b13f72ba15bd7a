// Taps that an earlier visit could not send go out from here too; then the list is read again.

import { sayFailure, t } from "./base.js";
import { Queue } from "./queue.js";

const line = document.getElementById("queue");
let went = 0;

const queue = new Queue(line.dataset.who, {
  sent: () => { went += 1; },
  refused: (_, error) => sayFailure(error),
  changed: (taps) => {
    line.textContent = taps.length ? t("rep.queue", { n: taps.length }) : "";
    if (!taps.length && went) location.reload();
  },
});
queue.listen.changed(queue.taps());
queue.flush();
