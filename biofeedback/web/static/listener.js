// The listener's page: choose, start, follow, stop, look back.

import {
  attempt, byId, clock, confirmed, facts, get, language, make, number, offerLanguages, post, reason,
  Refusal, say, show, word, write,
} from "/static/common.js";
import { Breath } from "/static/breath.js";
import "/static/dock.js";
import { loadContacts } from "/static/contacts.js";
import { Guests } from "/static/guests.js";
import { listen } from "/static/live.js";
import { Orders, Pending } from "/static/orders.js";
import { loadAccess, Past } from "/static/past.js";
import { Trace, legend } from "/static/trace.js";
import { Word, ago, figure, sensorWords, server, span } from "/static/word.js";

const KEPT = "biofeedback.choice";
const AGE_EVERY_MS = 250;
const SIMULATED = "sim:listener";
const station = `/api/stations/${facts.station}`;
const trace = new Trace(byId("trace"));
byId("trace").after(legend());
const breath = new Breath();
const past = new Past(station);
const pending = new Pending(byId("pending"), byId("pending-text"), byId("pending-more"));
const orders = new Orders(station, drawPending, (refusal) => { show(refusal); draw(); });
let shown = { stage: "idle", picture: {} };
let connected = true;
const last = new Word(); // of the session, and how old it is
let wordless = false; // whether that was said
let ready = false; // whether the consent holds
let markers = 0;
let starting = false; // asked for, and not known to have begun

// ---- choosing

function option(group, value, name, about, checked) {
  const input = make("input", { type: "radio", name: group, value, id: `${group}-${value}` });
  input.checked = checked;
  const text = make("span", {}, make("strong", {}, name));
  if (about) text.append(make("small", {}, about));
  return make("label", { class: "option" }, input, text);
}

function chosen(group) {
  return document.querySelector(`input[name=${group}]:checked`)?.value;
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

/** Put what most people want first. */
function order(programmes) {
  const first = ["settle", "breathing", "resonance", "sleep", "focus", "improvise", "mirror"];
  return [...first.filter((name) => programmes.includes(name)), ...programmes.filter((name) => !first.includes(name))];
}

async function offer() {
  const last = kept();
  const { programmes, styles, learns } = await get("/api/choices");
  offerSensors([], last.sensor);
  const own = learns && last.programme === "";
  const mine = option("programme", "", word("programme.own"), word("programme.own.about"), own);
  byId("programmes").replaceChildren(
    ...(learns ? [mine] : []),
    ...order(Object.keys(programmes)).map((name) =>
      option("programme", name, word(`programme.${name}`, { otherwise: programmes[name] }),
        word(`programme.${name}.about`, { otherwise: "" }), !own && name === (last.programme in programmes ? last.programme : "settle")),
    ),
  );
  leaveOpen();
  byId("style").replaceChildren(
    ...Object.entries(styles).map(([name, title]) =>
      make("option", { value: name, selected: name === last.style }, title)),
  );
  offerOutputs([], last.output);
  byId("minutes").value = last.minutes ?? "20";
  if (last.volume) byId("volume-first").value = last.volume;
  const outputs = await get("/api/outputs");
  offerOutputs(outputs, byId("output").value);
}

/** What is chosen for a person has its own style. */
function leaveOpen() {
  byId("style").disabled = chosen("programme") === "";
}

function offerSensors(found, last) {
  const known = new Map(found.map((sensor) => [sensor.uri, sensor]));
  if (last && last !== SIMULATED && !known.has(last)) {
    known.set(last, { uri: last, name: last.replace(/^\w+:/, ""), strength: word("choose.last") });
  }
  const pick = last && known.has(last) ? last : (found[0]?.uri ?? SIMULATED);
  byId("sensors").replaceChildren(
    ...[...known.values()].map((s) => option("sensor", s.uri, s.name, s.strength, s.uri === pick)),
    option("sensor", SIMULATED, word("choose.simulated"), word("choose.simulated.about"), pick === SIMULATED),
  );
}

function offerOutputs(found, last) {
  const always = [["audio:", word("output.audio")]];
  const files = [["wav:", word("output.wav")], ["null:", word("output.null")]];
  const all = [...always, ...found.map((o) => [o.uri, o.name]), ...files];
  byId("output").replaceChildren(
    ...all.map(([uri, name]) => make("option", { value: uri, selected: uri === last }, name)),
  );
}

async function scan() {
  const button = byId("scan");
  button.disabled = true;
  write(button, word("choose.scanning"));
  say(word("choose.scanning"));
  const found = await attempt(() => post("/api/scan"));
  button.disabled = false;
  write(button, word("choose.scan"));
  if (!found) return;
  offerSensors(found, chosen("sensor") === SIMULATED ? undefined : chosen("sensor"));
  say(word("choose.found", { count: found.length }));
}

async function start(event) {
  event.preventDefault();
  const choice = {
    sensor: chosen("sensor"), programme: chosen("programme"), style: byId("style").value,
    output: byId("output").value, volume: Number(byId("volume-first").value),
    minutes: Number(byId("minutes").value) || null,
  };
  localStorage.setItem(KEPT, JSON.stringify({ ...choice, minutes: byId("minutes").value }));
  if (choice.sensor !== SIMULATED && !ready) {
    askFirst();
    return;
  }
  markers = 0;
  trace.clear();
  starting = true;
  show(null);
  draw();
  const stops = shown.stops;
  try {
    const { began } = await post(`${station}/start`, { ...choice, since: stops });
    if (!began) say(word("said.stopped"));
  } catch (error) {
    if (orders.stopping || shown.stops !== stops) say(word("said.stopped")); // it came in between
    else show(error instanceof Refusal ? error : new Refusal(word("error.link")));
  }
  starting = false;
  draw();
}

// ---- consent

async function loadConsent() {
  const { questions, holds } = await get(`${station}/consent`);
  ready = holds;
  byId("withdraw").hidden = !holds;
  byId("questions").replaceChildren(
    ...questions.map((name) =>
      make("label", { class: "check" },
        make("input", { type: "checkbox", name: "question", value: name, onchange: weigh }),
        ` ${word(`question.${name}`)}`)),
  );
}

function saidYes() {
  return [...document.querySelectorAll("input[name=question]:checked")].map((box) => box.value);
}

function isMinor() {
  return document.querySelector("input[name=age]:checked")?.value === "minor";
}

/** What was answered; a minor's guardian only where there is one. */
function answers() {
  const given = { yes: saidYes(), advised: byId("advised").checked, minor: isMinor() };
  const name = byId("guardian-name").value.trim();
  const relation = byId("guardian-relation").value.trim();
  if (!given.minor) return given;
  given.assent = byId("assent").checked;
  if (name && relation) given.guardian = { name, relation, agrees: byId("guardian-agrees").checked };
  return given;
}

function weigh() {
  const yes = saidYes();
  byId("guardian").hidden = !isMinor();
  byId("not-now").hidden = !yes.includes("distress");
  byId("advice").hidden = !yes.length || yes.includes("distress");
  byId("agree").disabled = yes.includes("distress");
}

function askFirst() {
  byId("choose").hidden = true;
  byId("consent").hidden = false;
  weigh();
  byId("consent").scrollIntoView();
  byId("answers").querySelector("input").focus();
}

async function agree(event) {
  event.preventDefault();
  const given = await attempt(() => post(`${station}/consent`, answers()));
  if (!given) return;
  await loadConsent();
  leaveConsent();
  say(word("consent.thanks"));
}

function leaveConsent() {
  byId("consent").hidden = true;
  draw();
  byId("start").focus();
}

async function withdraw() {
  if (!(await confirmed(word("data.withdraw.sure")))) return;
  await attempt(() => post(`${station}/consent/withdraw`));
  await attempt(loadConsent);
  say(word("data.withdrawn"));
}

// ---- the session

/** Ask for something; it is said when it was carried out. */
async function command(what, value = "", said = "") {
  const done = await orders.wish(what, value);
  if (done && said) say(said);
}

async function stop(id) {
  const told = await orders.stop(id);
  shown.stops = told.stops ?? shown.stops;
  if (byId("closed").open) byId("closed").close();
  if (byId("feeling").open) byId("feeling").close();
  say(word("said.stopped"));
  draw();
}

/** Say what is on its way, and go on telling while it is. */
function drawPending() {
  clearTimeout(pending.timer);
  if (pending.draw(orders.pending)) pending.timer = setTimeout(drawPending, 200);
  byId("start").disabled = starting || Boolean(orders.stopping);
}

/** Hold the music, or let it follow: whichever it does not do, or is not asked to do. */
function hold() {
  const wished = orders.wished("hold");
  const held = wished ? wished === "hold" : shown.picture.held;
  if (!held) return command("hold", "", word("said.held"));
  return command("resume", "hold", word(shown.picture.stopped ? "said.released" : "said.resumed"));
}

/** A person is well: the music leads again after a stop rule. */
function leadAgain() {
  if (shown.picture.stopped) command("resume", "", word("said.resumed"));
}

function mark() {
  markers += 1;
  return command("marker", `${markers}`, word("said.marker", { number: markers }));
}

function rate(event) {
  event.preventDefault();
  const value = byId("rating-value").value;
  return command("rating", `relaxation=${value}`, word("said.rated", { value }));
}

/** Say how it stands, for whoever does not look. */
function tell() {
  const { picture } = shown;
  const parts = [byId("signal").textContent];
  const told = (name, measured, values) => {
    if (last.age(measured) === "gone") return;
    parts.push([word(name, values), last.ago(measured)].filter(Boolean).join(", "));
  };
  if (picture.heart_rate) told("tell.heart", picture.measures?.heart_rate?.measured_s, { bpm: number(picture.heart_rate, 0) });
  if (picture.arousal !== undefined) told("tell.arousal", picture.arousal_s, { arousal: number(picture.arousal, 2) });
  if (!last.wordless) parts.push(reason(picture.why ?? "").text);
  say(parts.join(". ").replace(/\.\./g, "."));
}

function unwell() {
  command("adverse", word("unwell.log"), word("unwell.noted"));
  byId("feeling-note").value = "";
  byId("feeling").showModal();
}

async function goOn(event) {
  event.preventDefault();
  const note = byId("feeling-note").value.trim();
  if (note) await command("adverse", note);
  byId("feeling").close();
}

function keys(event) {
  if (byId("session").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && !byId("ask").open) {
    event.preventDefault();
    stop();
    return;
  }
  const inside = byId("session").contains(document.activeElement) || document.activeElement === document.body
    || byId("closed").contains(document.activeElement);
  if (!inside || document.activeElement.matches("input:not([type=range]), select, textarea")) return;
  const does = { h: hold, g: leadAgain, m: mark, u: unwell, s: tell }[event.key.toLowerCase()];
  if (!does || event.repeat) return;
  event.preventDefault(); // the letter is not meant for a field that opens
  does();
}

// ---- what is shown

const GOOD = { good: "ok", fair: "ok", measuring: "wait", waiting: "wait", searching: "wait", connecting: "wait" };

function draw() {
  const { picture } = shown;
  const stage = starting && shown.stage === "idle" ? "starting" : shown.stage;
  const busy = stage !== "idle";
  drawPending();
  const asking = !byId("consent").hidden;
  byId("choose").hidden = busy || asking;
  byId("session").hidden = stage !== "playing" && stage !== "starting";
  byId("after").hidden = !["ending", "writing"].includes(stage) && !(stage === "idle" && shown.session && shown.mine);
  byId("simulated").hidden = !(busy && shown.simulated);
  byId("aside").hidden = stage === "playing" || stage === "starting";
  byId("stop").hidden = !busy;
  if (shown.problem) show({ message: shown.problem, hint: shown.hint });
  if (byId("session").hidden) return;
  const { silent } = last;
  const signal = stage === "starting" ? "searching" : last.signal;
  write(byId("signal"), word(`signal.${signal}`, { time: span(silent) }));
  byId("signal-mark").className = `mark ${GOOD[signal] ?? "bad"}`;
  byId("closed-word").hidden = !last.wordless;
  write(byId("closed-word"), last.wordless ? byId("signal").textContent : "");
  const left = picture.left_s === undefined || last.wordless ? "" : word("session.left", { time: clock(picture.left_s) });
  write(byId("left"), left);
  drawSensors(picture);
  const { heart_rate: heart, measures } = picture;
  figure(last, measures?.heart_rate?.measured_s, heart && number(heart, 0), byId("heart"), byId("heart-note"), word("session.bpm"));
  drawArousal(picture);
  drawMusic(picture);
  byId("hold").setAttribute("aria-pressed", String(Boolean(picture.held)));
  write(byId("hold"), word(picture.held ? "session.resume" : "session.hold"));
  byId("finish").disabled = Boolean(picture.ending);
  if (document.activeElement !== byId("volume")) byId("volume").value = picture.volume ?? 0;
  breath.take(picture, last);
  trace.take(picture, last);
}

/** Look again at what was heard last: it grows old by itself. */
function age() {
  if (shown.stage !== "playing") return;
  draw();
  const silent = ["wordless", "mute"].includes(last.signal);
  if (silent !== wordless) say(word(silent ? "link.silent" : "link.back"));
  wordless = silent;
}

function drawSensors(picture) {
  const lines = (picture.sensors ?? []).map((sensor) => sensorWords(sensor, last));
  for (const trouble of picture.troubles ?? []) lines.push([trouble, ""]);
  for (const note of picture.notes ?? []) lines.push([word(`note.${note}`), ""]);
  const text = lines.flat().join("\n");
  if (byId("details").dataset.text === text) return;
  byId("details").dataset.text = text;
  byId("details").replaceChildren(...lines.map(([told, detail]) =>
    make("li", {}, told, ...(detail ? [" · ", make("span", { lang: "en" }, detail)] : []))));
}

function drawArousal(picture) {
  const { arousal, arousal_s: measured } = picture;
  const known = arousal !== undefined && last.age(measured) !== "gone";
  const interval = { low: number(picture.low ?? 0, 2), high: number(picture.high ?? 0, 2) };
  const unknown = last.wordless ? "age.unknown" : picture.resting ? "session.resting" : "session.unknown";
  const words = known ? word("session.interval", interval) : word(unknown);
  figure(last, measured, known ? number(arousal, 2) : null, byId("arousal"), byId("interval"), words);
}

function drawMusic(picture) {
  const { music } = picture;
  const heard = music && last.age(picture.t) !== "gone";
  const playing = heard
    ? word("session.music", { tempo: number(music.tempo_bpm, 0), key: music.key, chords: music.chords })
    : word(music ? "age.unknown" : "session.no_music");
  write(byId("music"), heard && last.wordless ? `${playing}, ${ago(last.silent)}` : playing);
  const why = reason(picture.why ?? "");
  byId("why").classList.toggle("stopped", Boolean(picture.stopped) && !last.wordless);
  byId("resume").hidden = !picture.stopped;
  byId("why").lang = why.language;
  write(byId("why"), last.wordless ? "" : why.text);
  write(byId("chosen"), picture.chosen ?? "");
}

const SPOKEN = ["lost", "part_lost", "silent", "no_contact", "weak", "good"];

function take(next) {
  if (next.id !== facts.station) return;
  const before = shown;
  shown = { ...next, mine: before.mine };
  orders.run = next.run;
  last.take(next);
  if (before.stage !== next.stage) turn(before.stage, next.stage);
  const signal = next.picture.signal;
  if (next.stage === "playing" && signal !== before.picture.signal && SPOKEN.includes(signal)) {
    say(word(`signal.${signal}`));
  }
  if (next.picture.stopped && !before.picture.stopped) say(reason(next.picture.why).text);
  draw();
}

function turn(from, to) {
  past.writing = to === "writing";
  if (past.writing) past.load();
  if (to === "starting" || to === "playing") shown.mine = true;
  if (to === "playing" && from !== "playing") {
    byId("consent").hidden = true;
    draw();
    byId("session").focus();
    say(word("said.playing"));
  }
  if (to === "ending" || to === "writing") {
    write(byId("after-text"), word(to === "ending" ? "after.ending" : "after.writing"));
    byId("after-report").hidden = true;
    if (from !== "ending") say(word("said.over"));
    if (byId("closed").open) byId("closed").close();
  }
  if (from === "writing" && to === "idle") {
    const text = word(shown.reported ? "after.written" : "after.not_written");
    write(byId("after-text"), text);
    byId("after-report").href = `${station}/sessions/${shown.session}/report.html`;
    byId("after-report").hidden = !shown.reported;
    say(text);
    past.load();
    byId("after").scrollIntoView();
  }
  if (["starting", "ending"].includes(from) && to === "idle") {
    shown.mine = false; // nothing was recorded
    byId("start").focus();
  }
}

async function forget() {
  if (!(await confirmed(word("data.forget.sure")))) return;
  const done = await attempt(() => post(`${station}/forget`));
  if (!done) return;
  localStorage.removeItem(KEPT);
  await attempt(loadConsent);
  past.load();
  loadAccess(station);
  say(word("data.forgotten", { count: done.sessions }));
}

function wire() {
  const on = (id, event, action) => byId(id).addEventListener(event, action);
  on("choice", "submit", start);
  on("scan", "click", scan);
  on("programmes", "change", leaveOpen);
  on("answers", "submit", agree);
  for (const box of document.querySelectorAll("input[name=age]")) box.addEventListener("change", weigh);
  on("disagree", "click", leaveConsent);
  on("stop", "click", () => stop());
  on("closed-stop", "click", () => stop());
  on("hold", "click", hold);
  on("resume", "click", leadAgain);
  on("finish", "click", () => command("stop", "", word("said.finishing")));
  on("marker", "click", mark);
  on("eyes", "click", () => byId("closed").showModal());
  on("closed-back", "click", () => byId("closed").close());
  on("unwell", "click", unwell);
  on("feeling-form", "submit", goOn);
  on("rating", "submit", rate);
  on("rating-value", "input", () => write(byId("rating-shown"), byId("rating-value").value));
  on("volume", "change", () => command("volume", Number(byId("volume").value).toFixed(2)));
  on("withdraw", "click", withdraw);
  on("forget", "click", forget);
  byId("export").href = `${station}/export`;
  for (const id of ["closed", "feeling"]) on(id, "cancel", (event) => event.preventDefault());
  document.addEventListener("keydown", keys);
  addEventListener("online", () => orders.retry());
  if (orders.kept) stop(orders.kept); // from before the page was loaded anew
}

offerLanguages();
wire();
listen({
  station: take,
  link: (there) => {
    byId("link").hidden = server.there = there;
    if (there) orders.retry();
    if (connected !== there && shown.stage !== "playing") say(word(there ? "link.back" : "link.lost"));
    connected = there;
  },
});
setInterval(age, AGE_EVERY_MS);
attempt(() => Promise.all([offer(), loadConsent(), loadContacts()]));
past.load();
byId("data").addEventListener("toggle", () => loadAccess(station));
new Guests().load();
