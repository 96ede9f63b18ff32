// Whom to turn to in a crisis, as the operator of this computer set it.

import { get, make, word } from "/static/common.js";

export async function loadContacts() {
  const contacts = await get("/api/contacts");
  for (const list of document.querySelectorAll("ul.contacts")) {
    const lines = contacts.map((c) =>
      make("li", {}, `${c.name} `, make("a", { href: `tel:${c.phone.replace(/[^\d+]/g, "")}` }, c.phone), ` ${c.hours}`));
    list.replaceChildren(...(lines.length ? lines : [make("li", {}, word("contacts.none"))]));
  }
}
