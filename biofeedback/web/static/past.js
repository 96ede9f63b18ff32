// The sessions that were: their reports and files, and how to delete them.

import { attempt, byId, clock, confirmed, get, language, make, post, say, word } from "/static/common.js";

const NAMES = { "report.html": "past.report", "session.mid": "past.midi", "session.wav": "past.sound" };

export class Past {
  constructor(seat) {
    this.seat = seat;
    this.writing = false; // whether one is over whose report is not there yet
  }

  async load() {
    const sessions = (await attempt(() => get(`${this.seat}/sessions`))) ?? [];
    byId("no-sessions").hidden = sessions.length > 0 || this.writing;
    byId("sessions").replaceChildren(...sessions.map((session) => this.line(session)));
  }

  line(session) {
    const when = new Date(session.started_utc).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
    const files = session.files.map((name) =>
      make("a", { href: `${this.seat}/sessions/${session.id}/${name}`, target: "_blank", rel: "noopener",
        "aria-label": `${word(NAMES[name])}, ${when}` }, word(NAMES[name])));
    const remove = make("button", { class: "plain danger", type: "button", "aria-label": `${word("past.delete")}, ${when}`,
      onclick: () => this.remove(session.id, when) }, word("past.delete"));
    const facts = [clock(session.duration_s), session.programme];
    if (session.simulated) facts.push(word("past.simulated"));
    if (!session.complete) facts.push(word("past.cut"));
    return make("li", {}, make("strong", {}, when), " ", make("span", { class: "quiet" }, facts.join(" · ")),
      make("span", { class: "row" }, ...files, remove));
  }

  async remove(id, when) {
    if (!(await confirmed(word("past.delete.sure", { when })))) return;
    await attempt(() => post(`${this.seat}/sessions/${id}/delete`));
    await this.load();
    say(word("past.deleted"));
  }
}
