// Who else may look or steer: invitations, and how to take them back.

import { attempt, byId, get, make, post, say, word } from "/static/common.js";

export class Guests {
  /** `all` says whether listeners may be invited too, each to a station of their own. */
  constructor(all = false) {
    byId("guest-role").querySelector("[value=listener]")?.toggleAttribute("hidden", !all);
    if (!all) byId("guest-role").value = "observer";
    byId("invite").addEventListener("submit", (event) => this.invite(event));
    byId("guest-copy").addEventListener("click", () => this.copy());
    byId("guests").addEventListener("toggle", () => this.load());
  }

  async load() {
    const all = (await attempt(() => get("/api/invitations"))) ?? [];
    const live = all.filter((invitation) => !invitation.revoked);
    byId("guest-list").replaceChildren(...live.map((invitation) => this.line(invitation)));
  }

  line({ id, name, role, stage, again: renewable }) {
    const text = `${name} · ${word(`role.${role}`)} · ${word(`guests.${stage}`)} `;
    const revoke = make("button", { class: "plain danger", type: "button",
      "aria-label": `${word("guests.revoke")}, ${name}`, onclick: () => this.revoke(id) }, word("guests.revoke"));
    const again = make("button", { class: "plain", type: "button",
      hidden: !renewable,
      "aria-label": `${word("guests.again")}, ${name}`, onclick: () => this.again(id) }, word("guests.again"));
    return make("li", {}, text, again, " ", revoke);
  }

  async invite(event) {
    event.preventDefault();
    const wish = { role: byId("guest-role").value, name: byId("guest-name").value.trim() };
    await this.show(await attempt(() => post("/api/invitations", wish)));
  }

  /** Make another link for somebody who was invited and lost theirs. */
  async again(id) {
    await this.show(await attempt(() => post(`/api/invitations/${id}/again`)));
  }

  async show(made) {
    if (!made) return;
    byId("guest-link").value = made.link;
    byId("guest-link-row").hidden = false;
    byId("guest-link").focus();
    byId("guest-link").select();
    say(word("guests.made"));
    await this.load();
  }

  async copy() {
    byId("guest-link").select();
    await navigator.clipboard?.writeText(byId("guest-link").value);
    say(word("guests.copied"));
  }

  async revoke(id) {
    await attempt(() => post(`/api/invitations/${id}/revoke`));
    await this.load();
    say(word("guests.revoked"));
  }
}
