// What a page asks of a station waits here until the server has said what became of it.

import { ask, Refusal, word } from "/static/common.js";
import { seconds } from "/static/word.js";

const STOP_EVERY_MS = 300; // another attempt, whatever became of those before
const STOP_ANSWER_MS = 1200;
const REFUSED_EVERY_MS = 5000; // who is not let in any more may be again
const WISH_AGAIN_MS = 500;
const WISH_ANSWER_MS = 4000;
const BUSY_AGAIN_MS = 1500;
const MOST = 50; // wishes that wait
const SLOTS = { hold: "hold", volume: "volume", stop: "stop", release: "override" };

/** Return the place in which a wish waits: to go on after a stop is not to let go of a hold. */
function place(what, value) {
  if (what === "override") return value.split("=")[0];
  if (what === "resume") return value === "hold" ? "hold" : "go_on";
  return SLOTS[what] ?? "";
}

const name = () => crypto.randomUUID?.() ?? String(Math.random());
const passed = (since) => seconds() - since;

export class Orders {
  /** `path` is the station's, `changed` is called when something else is pending, `refused` with a
   *  Refusal. `run` is the session that the page shows: a wish for it reaches no other one. */
  constructor(path, changed, refused) {
    this.path = path;
    this.changed = changed;
    this.refused = refused;
    this.run = "";
    this.wishes = [];
    this.sending = false;
    this.stopping = null;
    this.memory = `biofeedback.stop${path}`;
  }

  /** The STOP that was pending when the page was loaded anew, if there was one. */
  get kept() {
    return sessionStorage.getItem(this.memory);
  }

  /** Stop at once; resolves when the server says that it has, however long that takes. Each press
   *  is a STOP of its own: one before may have stopped a session after which another began. */
  stop(id = name()) {
    if (!this.stopping) {
      this.stopping = { id, since: seconds(), tries: 0 };
      this.stopping.done = new Promise((resolve) => (this.stopping.resolve = resolve));
    }
    const { done } = this.stopping;
    this.stopping.id = id; // the answer to this one counts
    sessionStorage.setItem(this.memory, id);
    this.drop(({ slot, sent }) => slot && !sent);
    this.tryStop();
    return done;
  }

  /** Ask for something; of what waits in the same place the latest wish alone is kept. */
  wish(what, value = "") {
    const slot = place(what, value);
    this.drop((other) => slot && other.slot === slot && !other.sent);
    if (this.wishes.length >= MOST) return Promise.resolve(false);
    const wish = { id: name(), what, value, slot, run: this.run, since: seconds() };
    const done = new Promise((resolve) => (wish.resolve = resolve));
    this.wishes.push(wish);
    this.send();
    return done; // to whether it was carried out
  }

  /** Ask no longer for some wishes. */
  drop(which) {
    for (const wish of this.wishes.filter(which)) wish.resolve(false);
    this.wishes = this.wishes.filter((wish) => !which(wish));
  }

  /** Return what was asked for in a place and is not answered yet, the latest of it. */
  wished(slot) {
    return this.wishes.findLast((wish) => wish.slot === slot)?.what;
  }

  /** Try all that is pending now: the link is back. */
  retry() {
    if (this.stopping) this.tryStop();
    clearTimeout(this.waiting);
    this.send();
  }

  /** Return what waits: since how many seconds for STOP, after how many tries; other wishes. */
  get pending() {
    const { stopping, wishes } = this;
    const stop = stopping && { waited: passed(stopping.since), tries: stopping.tries };
    return { stop, wishes: wishes.filter(({ since }) => passed(since) > 1).map(({ what, slot }) => slot === "go_on" ? slot : what) };
  }

  async tryStop() {
    const { stopping } = this;
    const { id } = stopping;
    stopping.tries += 1;
    clearTimeout(stopping.next);
    stopping.next = setTimeout(() => this.tryStop(), stopping.shut ? REFUSED_EVERY_MS : STOP_EVERY_MS);
    this.changed();
    try {
      const told = await ask(`${this.path}/silence?id=${id}`, {}, STOP_ANSWER_MS);
      stopping.shut = false;
      if (told.stopped && id === stopping.id) this.stopped(stopping, told);
    } catch (error) {
      if (error.status === 404) this.stopped(stopping, {}); // a station that was removed is silent
      stopping.shut = [401, 403].includes(error.status);
    }
  }

  stopped(stopping, told) {
    if (this.stopping !== stopping) return;
    clearTimeout(stopping.next);
    this.stopping = null;
    sessionStorage.removeItem(this.memory);
    stopping.resolve(told);
    this.changed();
  }

  async send() {
    const [wish] = this.wishes;
    if (this.sending || !wish) return;
    this.sending = wish.sent = true;
    const { id, what, value, run } = wish;
    const order = { id, what, value, run, age_s: passed(wish.since) };
    let again = 0;
    let done = false;
    try {
      await ask(`${this.path}/command`, order, WISH_ANSWER_MS);
      done = true;
    } catch (error) {
      if (!(error instanceof Refusal)) again = WISH_AGAIN_MS;
      else if (error.status === 429 || error.status >= 500) again = BUSY_AGAIN_MS;
      else this.refused(error);
    }
    this.sending = false;
    if (again) {
      this.waiting = setTimeout(() => this.send(), again);
    } else {
      this.wishes = this.wishes.filter((other) => other !== wish);
      wish.resolve(done);
      this.send();
    }
    this.changed();
  }
}

/** Show what is pending: a STOP soon, anything else when it takes long. */
export class Pending {
  /** `text` says it once, `more` goes on telling that it is tried. */
  constructor(whole, text, more) {
    this.parts = { whole, text, more };
    this.timer = 0;
  }

  /** `server` says that a STOP is on its way from there, `who` for whom. */
  draw({ stop, wishes }, server = false, who = "") {
    const { whole, text, more } = this.parts;
    const late = stop && stop.waited > 0.3;
    let said = "";
    if (late || (server && !stop)) said = who + word("pending.stop");
    else if (wishes.length) said = word("pending.wishes", { list: wishes.map((what) => word(`wish.${what}`)).join(", ") });
    whole.hidden = !said;
    if (text.textContent !== said) text.textContent = said; // spoken once
    const tried = late ? word("pending.tries", { count: stop.tries, time: Math.round(stop.waited) }) : word("pending.again");
    if (more.textContent !== tried) more.textContent = tried;
    return Boolean(stop || wishes.length);
  }
}
