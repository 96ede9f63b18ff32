// The socket: each message is the latest picture of one seat.

const RETRY_MS = [250, 500, 1000];
const SILENT_MS = 4000; // the server says something each second

/** Call `seat` with each picture, `gone` with the id of a seat that was removed, `link` with
 *  whether the server is there. Music does not depend on any of it. */
export function listen({ seat, gone = () => {}, link }) {
  let tries = 0;
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live`);
    let alarm = 0;
    const heard = () => {
      clearTimeout(alarm);
      alarm = setTimeout(() => socket.close(), SILENT_MS);
    };
    heard(); // an attempt that nobody answers is given up as well
    socket.onopen = () => {
      tries = 0;
      heard();
      link(true);
    };
    socket.onmessage = (message) => {
      heard();
      const told = JSON.parse(message.data);
      if (told.seat) seat(told.seat);
      if (told.gone) gone(told.gone);
    };
    socket.onclose = (event) => {
      clearTimeout(alarm);
      link(false);
      if (event.code === 4401) {
        location.reload();
        return;
      }
      setTimeout(connect, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
      tries += 1;
    };
  };
  connect();
}
