// Taps that are never lost: each is kept in localStorage until the service has answered it, and carries a key of its
// own, so that a repeat changes nothing. One entry a tap; tabs do not overwrite each other.

import { post, Refused } from "./base.js";

const PREFIX = "fieldnote.tap.";
const LONGEST_WAIT = 30_000; // milliseconds between tries

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is not there without TLS
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** The taps of one person: `listen` = {sent(tap, answer), refused(tap, error), changed(taps)}. */
export class Queue {
  constructor(who, listen) {
    Object.assign(this, { who, listen, busy: false, wait: 1000, timer: 0, last: 0 });
    addEventListener("online", () => this.flush());
    addEventListener("storage", () => this.listen.changed(this.taps()));
  }

  /** What has not been answered yet, oldest first. */
  taps() {
    const found = [];
    for (let i = 0; i < localStorage.length; i += 1) {
      const name = localStorage.key(i);
      if (!name.startsWith(PREFIX)) continue;
      const tap = JSON.parse(localStorage.getItem(name));
      if (tap.who === this.who) found.push(tap);
    }
    return found.sort((a, b) => a.at - b.at);
  }

  /** Keep a tap and send it as soon as may be. */
  add(extraction, decisions) {
    this.last = Math.max(Date.now(), this.last + 1); // two taps of one millisecond keep their order
    const tap = { key: newKey(), who: this.who, at: this.last, extraction, decisions, tried: false };
    localStorage.setItem(PREFIX + tap.key, JSON.stringify(tap));
    this.listen.changed(this.taps());
    this.flush();
    return tap;
  }

  /** Take back a tap that no request has carried yet; false where it may already have arrived. */
  withdraw(key) {
    const text = localStorage.getItem(PREFIX + key);
    if (!text || JSON.parse(text).tried) return false;
    this.#drop(key);
    return true;
  }

  #drop(key) {
    localStorage.removeItem(PREFIX + key);
    this.listen.changed(this.taps());
  }

  /** Send what waits, in order; without a line, try again later. */
  async flush() {
    clearTimeout(this.timer);
    if (this.busy) return;
    this.busy = true;
    try {
      for (let taps = this.taps(); taps.length; taps = this.taps()) {
        if (!(await this.#send(taps[0]))) {
          this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
          this.timer = setTimeout(() => this.flush(), this.wait);
          return;
        }
        this.wait = 1000;
      }
    } finally {
      this.busy = false;
    }
  }

  async #send(tap) {
    if (navigator.onLine === false) return false;
    localStorage.setItem(PREFIX + tap.key, JSON.stringify({ ...tap, tried: true }));
    try {
      const path = `/v1/extractions/${tap.extraction}/decisions`;
      const answer = await post(path, { decisions: tap.decisions }, { "Idempotency-Key": tap.key });
      localStorage.removeItem(PREFIX + tap.key);
      this.listen.sent(tap, answer);
      this.listen.changed(this.taps());
      return true;
    } catch (error) {
      if (!(error instanceof Refused) || error.status >= 500 || error.status === 429) return false;
      if (error.status === 401 || error.code === "session.csrf") {
        this.listen.refused(tap, error); // kept: it goes out after signing in again
        return false;
      }
      this.#drop(tap.key);
      this.listen.refused(tap, error);
      return true;
    }
  }
}
