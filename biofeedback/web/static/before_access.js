// In the pages before access is granted: they go on by themselves once this browser is let in.

const BETWEEN_MS = [2000, 3000, 5000, 10000, 30000];
const { classList } = document.querySelector("main");
let tries = 0;
let waiting = 0;

async function knock() {
  clearTimeout(waiting);
  waiting = setTimeout(knock, BETWEEN_MS[Math.min(tries, BETWEEN_MS.length - 1)]);
  tries += 1;
  const told = await fetch("/api/here", { signal: AbortSignal.timeout(4000) }).catch(() => null);
  if (told?.ok) location.replace("/");
  else if (told && told.status !== 429 && classList.contains("busy")) location.replace(location.href);
}

if (!classList.contains("still")) {
  waiting = setTimeout(knock, classList.contains("busy") ? 2000 : 0);
  addEventListener("focus", knock);
}
