// What every page needs: its words, its role, and how it speaks to the server.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const words = read("words");

export const facts = read("facts");
export const byId = (id) => document.getElementById(id);
export const language = document.documentElement.lang;

/** Return the words of a key, with {name} replaced by values; the key itself when unknown. */
export function word(key, values = {}) {
  const text = words[key] ?? values.otherwise ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Return a reason of the music in the page's language; as it came when it has no other words. */
export function reason(text) {
  const sentences = text.split(/(?<=[.!?]) (?=[A-Z])/).map(sentence);
  if (sentences.includes(undefined)) return { text, language: "en" };
  return { text: sentences.join(" "), language };
}

function sentence(text) {
  const wishes = text.split("; ").map((part) => part.match(/^(.+) asked for (\w+)=(.+) until ([\d:]+)\.?$/));
  if (wishes.every(Boolean)) {
    return wishes.map(([, who, name, value, until]) => word("asked", {
      who, what: word(`set.${name}`, { otherwise: name }), value: word(`${name}.${value}`, { otherwise: value }), until,
    })).join(" ");
  }
  const numbers = [];
  const pattern = text.replace(/\d+(\.\d+)?/g, (found) => (numbers.push(found), "#"));
  return words[`why.${pattern}`]?.replace(/#/g, () => number(numbers.shift()));
}

/** Return a number as it is written in the page's language. */
export function number(value, digits) {
  const fixed = digits === undefined ? String(value) : Number(value).toFixed(digits);
  return language === "de" ? fixed.replace(".", ",") : fixed;
}

/** Return seconds as m:ss. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const SAID_MS = 6000;
let saying = 0;

/** Show something for a while; a screen reader says it when it has finished what it says. */
export function say(text) {
  const places = ["say", "closed-say"].map(byId).filter(Boolean); // behind a dialog none is heard
  for (const place of places) place.textContent = text;
  clearTimeout(saying);
  saying = setTimeout(() => {
    for (const place of places) place.textContent = "";
  }, SAID_MS);
}

const ANSWER_MS = 30000;

/** Ask the server; throws a Refusal that holds its words. */
export async function get(path) {
  const response = await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.status === 401) document.dispatchEvent(new Event("shut"));
  return unpack(response);
}

/** Tell the server; throws a Refusal that holds its words. */
export async function post(path, value = {}) {
  try {
    return await ask(path, value, ANSWER_MS);
  } catch (error) {
    if (error.status === 401) document.dispatchEvent(new Event("shut"));
    throw error;
  }
}

/** Tell the server, and wait so long for its answer. */
export async function ask(path, value, answerMs) {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(value);
  const signal = AbortSignal.timeout(answerMs);
  return unpack(await fetch(path, { method: "POST", credentials: "same-origin", headers, body, signal }));
}

export class Refusal extends Error {
  constructor(message, hint = "", status = 0) {
    super(message);
    this.hint = hint;
    this.status = status;
  }
}

async function unpack(response) {
  if (response.ok) return response.json();
  let told = {};
  try {
    told = await response.json();
  } catch {
    told = { error: word("error.server") };
  }
  throw new Refusal(told.error, told.hint, response.status);
}

/** Make an element: attributes, then children (text or elements). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Change an element's text only when it differs, so that nothing is read or drawn anew. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show the words of whoever refused. */
export function show(refusal) {
  write(byId("problem-text"), refusal?.message ?? "");
  write(byId("problem-hint"), refusal?.hint ?? "");
  byId("problem").hidden = !refusal?.message;
}

/** Do something that the server may refuse, and show why when it does. */
export async function attempt(action) {
  try {
    show(null);
    return await action();
  } catch (error) {
    if (!(error instanceof Refusal)) error = new Refusal(word("error.link"));
    show(error);
    return undefined;
  }
}

/** Ask a question that needs a yes; resolves to whether it was given. */
export function confirmed(question) {
  const dialog = byId("ask");
  write(byId("ask-text"), question);
  return new Promise((resolve) => {
    const close = (answer) => () => {
      dialog.close();
      resolve(answer);
    };
    byId("ask-yes").onclick = close(true);
    byId("ask-no").onclick = close(false);
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
  });
}

/** Let somebody choose the page's language; it is kept in a cookie of this site. */
export function offerLanguages() {
  const select = byId("language");
  select.value = language;
  select.addEventListener("change", () => {
    document.cookie = `language=${select.value}; path=/; max-age=31536000; samesite=strict`;
    location.reload();
  });
}
