// The sessions that were: their reports and files, how to delete them, and who else looked.

import { attempt, byId, clock, confirmed, get, language, make, post, say, word } from "/static/common.js";

const NAMES = { "report.html": "past.report", "session.mid": "past.midi", "session.wav": "past.sound" };

const LOOKS = { live: "access.live", sessions: "access.sessions" };

export class Past {
  constructor(station) {
    this.station = station;
    this.writing = false; // whether one is over whose report is not there yet
  }

  async load() {
    const sessions = (await attempt(() => get(`${this.station}/sessions`))) ?? [];
    byId("no-sessions").hidden = sessions.length > 0 || this.writing;
    byId("sessions").replaceChildren(...sessions.map((session) => this.line(session)));
  }

  line(session) {
    const when = new Date(session.started_utc).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
    const files = session.files.map((name) =>
      make("a", { href: `${this.station}/sessions/${session.id}/${name}`, target: "_blank", rel: "noopener",
        "aria-label": `${word(NAMES[name])}, ${when}` }, word(NAMES[name])));
    const remove = make("button", { class: "plain danger", type: "button", "aria-label": `${word("past.delete")}, ${when}`,
      onclick: () => this.remove(session.id, when) }, word("past.delete"));
    const facts = [clock(session.duration_s), session.programme];
    if (session.simulated) facts.push(word("past.simulated"));
    if (session.running) facts.push(word("past.running"));
    else if (!session.complete) facts.push(word("past.cut"));
    return make("li", {}, make("strong", {}, when), " ", make("span", { class: "quiet" }, facts.join(" · ")),
      make("span", { class: "row" }, ...files, remove));
  }

  async remove(id, when) {
    if (!(await confirmed(word("past.delete.sure", { when })))) return;
    await attempt(() => post(`${this.station}/sessions/${id}/delete`));
    await this.load();
    say(word("past.deleted"));
  }
}

/** Show who else looked at what, the latest first. */
export async function loadAccess(station) {
  const looks = (await attempt(() => get(`${station}/access`))) ?? [];
  const lines = looks.map((look) => {
    const when = new Date(look.utc).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
    const what = word(NAMES[look.what] ?? LOOKS[look.what]);
    return make("li", {}, make("strong", {}, `${look.who} (${word(`role.${look.role}`)})`), " ",
      make("span", { class: "quiet" }, `${what} · ${when}`));
  });
  byId("access").replaceChildren(...lines);
  byId("no-access").hidden = lines.length > 0;
}
