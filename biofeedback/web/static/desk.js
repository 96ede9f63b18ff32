// The therapist's desk: every station at a glance, and what may be done for each.

import {
  attempt, byId, clock, confirmed, facts, make, number, offerLanguages, post, reason, say, show, word, write,
} from "/static/common.js";
import "/static/dock.js";
import { loadContacts } from "/static/contacts.js";
import { Guests } from "/static/guests.js";
import { listen } from "/static/live.js";
import { Orders, Pending } from "/static/orders.js";
import { Trace, legend } from "/static/trace.js";
import { Word, ago, figure, sensorWords, server, span } from "/static/word.js";

const STEERS = facts.role === "therapist";
const GOOD = { good: "ok", fair: "ok", lost: "bad", part_lost: "bad", silent: "bad", weak: "bad", no_contact: "bad", wordless: "bad", mute: "bad" };
const CAN_BE_SET = {
  tempo_bpm: [40, 160, 1, 60], target: [0, 1, 0.05, 0.3], level: [0, 1, 0.05, 0.3],
  tempo_most_bpm: [32, 160, 1, 70], tempo_least_bpm: [32, 160, 1, 50], volume_most: [0, 1, 0.05, 0.4], style: null,
  density: [0.25, 6, 0.25, 1.5], volume: [0, 1, 0.05, 0.4], dynamics: [0, 1, 0.05, 0.5], brightness: [0, 1, 0.05, 0.5],
};
const AGE_EVERY_MS = 250;
const FOR_MINUTES = [1, 5, 15, 60];
const cards = new Map();
const waiting = new Set();
const unstopped = new Pending(byId("pending"), byId("pending-text"), byId("pending-more"));
byId("stations").before(legend());

class Card {
  constructor(station) {
    this.path = `/api/stations/${station.id}`;
    this.name = station.name || word("station.home");
    this.part = {};
    this.word = new Word();
    this.element = this.build(station.id);
    this.trace = new Trace(this.part.trace);
    this.pending = new Pending(this.part.pending, this.part.pendingText, this.part.pendingMore);
    this.orders = new Orders(this.path, () => this.drawPending(), show);
    if (this.orders.kept) this.stop(this.orders.kept); // from before the page was loaded anew
  }

  build(id) {
    const part = (name, tag, attributes = {}, ...children) =>
      (this.part[name] = make(tag, attributes, ...children));
    const figure = (name, label, unit) =>
      make("div", {}, make("dt", {}, word(label)), make("dd", {}, part(name, "span", { class: name }, "–"), " ",
        part(`${name}Unit`, "small", {}, unit)));
    const heading = `station-${id}`;
    const card = make("li", { class: "station", "aria-labelledby": heading },
      make("header", {}, make("h3", { id: heading }, this.name),
        part("simulated", "span", { class: "badge sim", hidden: true }, word("past.simulated")),
        part("stage", "span", { class: "quiet" })),
      part("pending", "div", { class: "notice bad", hidden: true },
        part("pendingText", "p"), part("pendingMore", "p", { class: "quiet" })),
      make("p", { class: "signal" }, part("mark", "span", { class: "mark wait", "aria-hidden": "true" }),
        part("signal", "span"), part("left", "span", { class: "quiet" })),
      make("dl", { class: "numbers" }, figure("heart", "desk.heart", word("desk.bpm")),
        figure("arousal", "desk.arousal", "")),
      part("trace", "canvas", { class: "trace", role: "img", "aria-label": word("desk.trace", { name: this.name }) }),
      part("music", "p", { class: "music" }), part("why", "p", { class: "why" }),
      part("sensors", "ul", { class: "plain quiet" }), part("wearers", "ul", { class: "plain quiet" }), part("overrides", "p", { class: "quiet" }), part("problem", "p", { class: "notice bad", hidden: true, lang: "en" }));
    if (STEERS) card.append(...this.controls());
    return card;
  }

  controls() {
    const stop = make("button", { class: "stop", type: "button", "aria-label": `${word("desk.stop")}, ${this.name}`,
      onclick: () => this.stop() }, word("desk.stop"));
    this.part.hold = make("button", { type: "button", "aria-pressed": "false", onclick: () => this.hold() }, word("session.hold"));
    this.part.goOn = make("button", { type: "button", hidden: true,
      onclick: () => this.command("resume", "", word("said.resumed")) }, word("desk.go_on"));
    this.part.finish = make("button", { type: "button", onclick: () => this.command("stop", "", word("said.finishing")) }, word("desk.finish"));
    this.part.buttons = make("div", { class: "row buttons" }, stop, this.part.hold, this.part.finish, this.part.goOn);
    this.part.remove = make("button", { type: "button", class: "plain danger", hidden: true,
      "aria-label": `${word("desk.remove")}, ${this.name}`, onclick: () => this.remove() }, word("desk.remove"));
    return [this.part.buttons, this.steering(), this.noting(), this.part.remove];
  }

  steering() {
    const what = make("select", {}, ...Object.keys(CAN_BE_SET).map((name) => make("option", { value: name }, word(`set.${name}`))));
    const value = make("input", { type: "number", required: true });
    const style = make("select", {}, ...Object.entries(facts.styles).map(([name, title]) => make("option", { value: name }, title)));
    const fit = () => {
      const range = CAN_BE_SET[what.value];
      value.hidden = value.disabled = !range;
      style.hidden = Boolean(range);
      if (range) Object.assign(value, { min: range[0], max: range[1], step: range[2], value: range[3] });
      minutes.disabled = what.value === "volume"; // it stays until it is changed
    };
    const minutes = make("select", {}, ...FOR_MINUTES.map((count) =>
      make("option", { value: count, selected: count === 5 }, word("desk.minutes", { count }))));
    what.addEventListener("change", fit);
    fit();
    const release = make("button", { type: "button", class: "plain", onclick: () => this.command("release", "", word("desk.released")) }, word("desk.release"));
    const form = make("form", { onsubmit: (event) => {
      event.preventDefault();
      const asked = CAN_BE_SET[what.value] ? value.value : style.value;
      const said = word("desk.set.done", { what: word(`set.${what.value}`), value: named(what.value, asked) });
      if (what.value === "volume") this.command("volume", Number(asked).toFixed(2), said);
      else this.command("override", `${what.value}=${asked} for ${60 * Number(minutes.value)}`, said);
    } }, make("label", { class: "wide" }, word("desk.set"), what), make("label", {}, word("desk.to"), value, style),
    make("label", {}, word("desk.for"), minutes), make("button", {}, word("desk.apply")), release);
    this.part.steering = form;
    return form;
  }

  noting() {
    const text = make("input", { maxlength: "300", required: true, autocomplete: "off" });
    const form = make("form", { onsubmit: async (event) => {
      event.preventDefault();
      await this.command("note", text.value, word("desk.noted"));
      text.value = "";
    } }, make("label", {}, word("desk.note"), text), make("button", {}, word("desk.write")));
    this.part.noting = form;
    return form;
  }

  async command(what, value, said) {
    if (await this.orders.wish(what, value)) say(`${this.name}: ${said}`);
  }

  /** Hold the music, or let it follow: whichever it does not do, or is not asked to do. */
  hold() {
    const wished = this.orders.wished("hold");
    const held = wished ? wished === "hold" : this.held;
    if (!held) return this.command("hold", "", word("said.held"));
    return this.command("resume", "hold", word(this.stopped ? "said.released" : "said.resumed"));
  }

  /** Say what is on its way, and go on telling while it is. */
  drawPending() {
    clearTimeout(this.pending.timer);
    if (this.pending.draw(this.orders.pending, this.stopping)) this.pending.timer = setTimeout(() => this.drawPending(), 200);
    drawUnstopped();
  }

  async remove() {
    if (!(await confirmed(word("desk.remove.sure", { name: this.name })))) return;
    await attempt(() => post(`${this.path}/remove`));
  }

  async stop(id) {
    await this.orders.stop(id);
    say(`${this.name}: ${word("said.over")}`);
  }

  /** Take in what the station is told to look like now. */
  take(station) {
    this.station = station;
    this.word.take(station);
    this.orders.run = station.run;
    this.stopping = station.stopping;
  }

  draw() {
    const { part, word: last } = this;
    const { stage, simulated, problem, picture } = this.station;
    this.drawPending();
    const plays = stage === "playing" || stage === "starting";
    this.plays = plays || this.station.may_play; // as far as is known
    part.simulated.hidden = !(simulated && stage !== "idle");
    write(part.stage, word(last.wordless ? "age.unknown" : `stage.${stage}`));
    const signal = plays ? last.signal : "idle";
    write(part.signal, word(`signal.${signal}`, { time: span(last.silent) }));
    part.mark.className = `mark ${GOOD[signal] ?? "wait"}`;
    const left = plays && picture.left_s !== undefined && !last.wordless;
    write(part.left, left ? word("session.left", { time: clock(picture.left_s) }) : "");
    const { heart_rate: heart, measures, arousal, arousal_s: seen } = picture;
    const beats = plays && heart ? number(heart, 0) : null;
    figure(last, measures?.heart_rate?.measured_s, beats, part.heart, part.heartUnit, word("desk.bpm"));
    const known = plays && arousal !== undefined && last.age(seen) !== "gone";
    const interval = known ? `${number(picture.low, 2)}–${number(picture.high, 2)}` : "";
    figure(last, seen, known ? number(arousal, 2) : null, part.arousal, part.arousalUnit, interval);
    const music = last.age(picture.t) === "gone" ? null : picture.music;
    const playing = plays && music ? word("session.music", { tempo: number(music.tempo_bpm, 0), key: music.key, chords: music.chords }) : "";
    write(part.music, [playing, playing && last.wordless ? ago(last.silent) : ""].filter(Boolean).join(", "));
    const why = reason(plays && !last.wordless ? picture.why ?? "" : "");
    part.why.classList.toggle("stopped", Boolean(plays && picture.stopped && !last.wordless));
    part.why.lang = why.language;
    write(part.why, why.text);
    list(part.sensors, plays ? (picture.sensors ?? []).map((sensor) => sensorWords(sensor, last)[0]) : []);
    list(part.wearers, plays ? this.people(picture) : []);
    const set = Object.entries(picture.overrides ?? {}).map(([name, value]) => `${word(`set.${name}`, { otherwise: name })} ${named(name, value)}`);
    write(part.overrides, plays && set.length ? word("desk.standing", { list: set.join(", ") }) : "");
    part.problem.hidden = !problem;
    write(part.problem, problem);
    if (plays) this.trace.take(picture, last);
    if (STEERS) this.allow(plays, picture);
  }

  /** Say what somebody should look at, once; of a link that is lost the page speaks for all. */
  announce() {
    const { picture } = this.station;
    const { signal } = this.word;
    const alone = signal !== "wordless" || server.there;
    if (this.word.plays && signal !== this.signal && SPOKEN.includes(signal) && alone) {
      say(`${this.name}: ${word(`signal.${signal}`, { time: span(this.word.silent) })}`);
    }
    this.signal = signal;
    if (picture.stopped && !this.stopped) say(`${this.name}: ${reason(picture.why).text}`);
    this.stopped = picture.stopped;
  }

  /** Return a line for each of a group, and one for what they do together. */
  people(picture) {
    const { word: last } = this;
    const told = (value, measured, digits) => {
      if (value === null || value === undefined || last.age(measured) === "gone") return "–";
      return [number(value, digits), last.ago(measured)].filter(Boolean).join(", ");
    };
    const lines = (picture.wearers ?? []).map((who) => word("desk.wearer", { name: who.name,
      arousal: told(who.arousal, who.arousal_s, 2), bpm: told(who.heart_rate, who.heart_rate_s, 0) }));
    if (lines.length && picture.synchrony !== undefined) {
      lines.push(word("desk.together", { value: told(picture.synchrony, picture.synchrony_s, 2) }));
    }
    return lines;
  }

  allow(plays, picture) {
    this.held = Boolean(picture.held);
    this.part.hold.setAttribute("aria-pressed", String(this.held));
    write(this.part.hold, word(this.held ? "session.resume" : "session.hold"));
    this.part.goOn.hidden = !(plays && picture.stopped);
    this.part.remove.hidden = plays || this.path.endsWith("/home") || facts.station !== "";
    this.part.buttons.hidden = !this.plays;
    for (const name of ["hold", "finish", "steering", "noting"]) this.part[name].hidden = !plays;
  }
}

/** Show lines of text, and touch nothing while they stay the same. */
function list(element, lines) {
  const text = lines.join("\n");
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.replaceChildren(...lines.map((line) => make("li", {}, line)));
}

/** Return a value as a person knows it. */
function named(what, value) {
  return what === "style" ? (facts.styles[value] ?? value) : value;
}

const SPOKEN = ["lost", "part_lost", "silent", "no_contact", "wordless", "mute"];

function take(station) {
  let card = cards.get(station.id);
  if (!card) {
    card = new Card(station);
    cards.set(station.id, card);
    byId("stations").append(card.element);
  }
  card.take(station);
  if (!waiting.size) requestAnimationFrame(drawWaiting);
  waiting.add(card);
}

/** Draw each card once a frame at most, however many pictures came. */
function drawWaiting() {
  for (const card of waiting) {
    card.draw();
    card.announce();
  }
  waiting.clear();
  drawStop();
}

/** The STOP below the page is for whoever plays, wherever on the page their card is. */
function drawStop() {
  const count = playing().length;
  byId("stop").hidden = !STEERS || !count;
  byId("stations").classList.toggle("many", count > 1);
  write(byId("stop"), word(count > 1 ? "desk.stop_all" : "desk.stop"));
}

/** Whoever is not known to have stopped is named where the eye is, wherever their card is. */
function drawUnstopped() {
  const those = [...cards.values()].filter((card) => card.stopping || card.orders.stopping);
  const stops = those.map((card) => card.orders.pending.stop).filter(Boolean);
  const [stop] = stops.sort((one, other) => other.waited - one.waited);
  unstopped.draw({ stop, wishes: [] }, those.some((card) => card.stopping), those.map((card) => `${card.name}: `).join(""));
}

function playing() {
  return [...cards.values()].filter((card) => card.plays);
}

/** Look again at those of whom nothing new came: what is known of them grows old by itself. */
function age() {
  for (const card of cards.values()) {
    if (card.word.silent < 2 * AGE_EVERY_MS / 1000) continue;
    card.draw();
    card.announce();
  }
}

function gone(id) {
  cards.get(id)?.element.remove();
  cards.delete(id);
  drawStop();
  drawUnstopped();
}

offerLanguages();
byId("stop").addEventListener("click", () => playing().forEach((card) => card.stop()));
byId("looks").hidden = STEERS;
byId("guests").hidden = !STEERS;
listen({ station: take, gone, link: (there) => {
  if (server.there !== there) say(word(there ? "link.back" : "link.lost"));
  byId("link").hidden = server.there = there;
  if (there) for (const card of cards.values()) card.orders.retry();
} });
setInterval(age, AGE_EVERY_MS);
attempt(loadContacts);
if (STEERS) new Guests(facts.station === "").load();
