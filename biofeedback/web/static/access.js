// Whether the server answers and lets this page in. While it does not, the page says what to do,
// and goes on by itself once it may.

import { byId, word, write } from "/static/common.js";

const AWAY_MS = [0, 250, 500, 1000];
const SHUT_MS = [2000, 3000, 5000, 10000, 30000];
const ANSWER_MS = 2000;
const PATIENCE_MS = 15000; // an outage of the network is over by then, as a rule
let waiting = null;
let wake = () => {};

/** Resolve once the server answers and lets this page in. */
export function letIn() {
  waiting ??= knock().finally(() => (waiting = null));
  return waiting;
}

async function knock() {
  const since = performance.now();
  let shut = false;
  for (let tries = 0; ; tries += 1) {
    const pauses = shut ? SHUT_MS : AWAY_MS;
    await pause(pauses[Math.min(tries, pauses.length - 1)]);
    const status = await answer();
    if (status === 200) {
      if (shut) location.reload(); // who comes in by another link may be somebody else
      write(byId("link"), word("link.lost"));
      return;
    }
    if (status === 401 && !shut) {
      shut = true;
      tries = 0;
      byId("link").hidden = false;
      write(byId("link"), word("access.shut"));
    } else if (!shut && performance.now() - since > PATIENCE_MS) {
      write(byId("link"), word("access.away"));
    }
  }
}

/** Return the status with which the server answers; 0 when it does not. */
async function answer() {
  try {
    return (await fetch("/api/here", { signal: AbortSignal.timeout(ANSWER_MS) })).status;
  } catch {
    return 0;
  }
}

/** Wait, or until somebody looks at the page again. */
function pause(ms) {
  return new Promise((resolve) => {
    wake = resolve;
    setTimeout(resolve, ms);
  });
}

for (const event of ["focus", "online", "pageshow"]) addEventListener(event, () => wake());
document.addEventListener("shut", letIn); // a request was refused for want of a link
