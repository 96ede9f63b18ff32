// The socket: each message is the latest picture of one station.

import { letIn } from "/static/access.js";
import { seconds, server } from "/static/word.js";

const RETRY_MS = [250, 500, 1000];
const SILENT_S = 3; // the server says something each second
const OPENS_WITHIN_S = 5;
const TOO_MANY = 4429; // pages of this guest, or of all
const CROWDED_MS = 5000;

/** Call `station` with each picture, `gone` with the id of a station that was removed, `link` with
 *  whether the server is there. Music does not depend on any of it.
 *
 *  What comes after a silence may have waited in a page that slept, for minutes: it is left, and
 *  the server asked anew. */
export function listen({ station, gone = () => {}, link }) {
  let tries = 0;
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live`);
    let alarm = 0, heard = 0, over = false;
    const leave = (code = 0) => { // without waiting for a goodbye: the other side may be gone
      if (over) return;
      over = true;
      clearTimeout(alarm);
      socket.close();
      link(false);
      const pause = code === TOO_MANY ? CROWDED_MS : RETRY_MS[Math.min(tries, RETRY_MS.length - 1)];
      setTimeout(() => letIn().then(connect), pause);
      tries += 1;
    };
    const wait = (time) => {
      heard = seconds();
      clearTimeout(alarm);
      alarm = setTimeout(leave, 1000 * time);
    };
    wait(OPENS_WITHIN_S);
    socket.onopen = () => {
      tries = 0;
      wait(SILENT_S);
      server.heard = heard;
      link(true);
    };
    socket.onmessage = (message) => {
      if (seconds() - heard > SILENT_S) leave();
      if (over) return;
      wait(SILENT_S);
      server.heard = heard;
      const told = JSON.parse(message.data);
      if (told.station) station(told.station);
      if (told.gone) gone(told.gone);
    };
    socket.onclose = (event) => leave(event.code);
  };
  connect();
}
