// The last word of a session, and how old what it said has become, by the page's own clock.

import { facts, word, write } from "/static/common.js";

const OLD_S = Number(facts.old_s);
const GONE_S = Number(facts.gone_s);
const ANSWERS_S = 1.5; // the server says each second that it is there
const WORDLESS_S = Number(facts.wordless_s);

let passed = 0, ticked = performance.now(), wall = Date.now();

/** Return seconds that never run backwards, and go on while the computer sleeps. */
export function seconds() {
  const now = performance.now(), then = Date.now();
  passed += Math.max(now - ticked, then - wall, 0) / 1000;
  [ticked, wall] = [now, then];
  return passed;
}

/** Whether there is a link to the server, and when it was heard last. */
export const server = { there: true, heard: 0 };

/** What a station has said last; every number in it grows old until the next. */
export class Word {
  constructor() {
    this.picture = {};
    this.came = seconds();
    this.plays = false;
  }

  /** Take in a station as it was told of; its picture may have been old when it was sent. */
  take({ stage, picture, age_s: age = 0 }) {
    this.plays = stage === "playing";
    this.picture = picture;
    this.came = seconds() - age;
  }

  /** For how long nothing has been heard of what plays. */
  get silent() {
    return this.plays ? seconds() - this.came : 0;
  }

  /** Whether that is so long that it has to be said. */
  get wordless() {
    return this.silent > WORDLESS_S;
  }

  /** Seconds of the session by now, if it goes on. */
  get now() {
    return (this.picture.t ?? 0) + this.silent;
  }

  /** What a number is worth that was measured then: fresh, old, or gone. */
  age(measured) {
    if (measured === undefined || measured === null || this.now - measured > GONE_S) return "gone";
    return this.now - measured > OLD_S || this.wordless ? "old" : "fresh";
  }

  /** How long ago that was, in words; "" while it is fresh. */
  ago(measured) {
    return this.age(measured) === "fresh" ? "" : ago(this.now - (measured ?? 0));
  }

  /** The state of the signal, which is not known while nothing is heard. */
  get signal() {
    if (!this.wordless) return this.picture.signal ?? "waiting";
    if (!server.there || seconds() - server.heard > ANSWERS_S) return "wordless";
    return this.picture.ending ? "ending" : "mute";
  }
}

/** Return a length of time in words. */
export function span(time) {
  return time < 60
    ? word("age.seconds", { count: Math.floor(time) })
    : word("age.minutes", { count: Math.floor(time / 60) });
}

export function ago(time) {
  return word("age.ago", { time: span(time) });
}

/** Show a number in one element and `words` for it in another: with its age once it is old, and as
 *  a dash when it is not known or too old. */
export function figure(last, measured, value, element, note, words) {
  const age = value === undefined || value === null ? "gone" : last.age(measured);
  write(element, age === "gone" ? "–" : value);
  element.classList.toggle("old", age === "old");
  write(note, age === "old" ? [words, last.ago(measured)].filter(Boolean).join(", ") : words);
}

/** Return what a sensor says of itself in words, and its own advice, which is English. */
export function sensorWords(sensor, last) {
  const heard = sensor.heard_s === null ? 0 : last.now - sensor.heard_s;
  const state = sensor.silent ? "silent" : sensor.state;
  const parts = [sensor.source, last.wordless ? "" : word(`sensor.${state}`, { time: span(heard), otherwise: state })];
  if (sensor.battery_percent !== null) parts.push(word("sensor.battery", { percent: sensor.battery_percent }));
  if (sensor.contact !== null && !last.wordless) parts.push(word(sensor.contact ? "sensor.contact" : "sensor.no_contact"));
  if (sensor.heard_s !== null && (last.wordless || state === "lost")) parts.push(word("sensor.heard", { ago: ago(heard) }));
  return [parts.filter(Boolean).join(" · "), sensor.detail];
}
