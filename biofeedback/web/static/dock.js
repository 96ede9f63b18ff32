// STOP, and what is said, in one place that nothing covers: below the page, and below whatever
// dialog is open, since behind a dialog nothing can be pressed and nothing is read out.

const dock = document.getElementById("dock");
const page = document.getElementById("page");
const root = document.documentElement.style;

/** Let the dock follow into dialogs; one of the class "stops" begins with the focus on STOP. */
function follow(changes) {
  const focused = dock.contains(document.activeElement) ? document.activeElement : null;
  const open = [...document.querySelectorAll("dialog[open]")].at(-1);
  if (open && dock.parentElement !== open) open.append(dock);
  if (!open && dock.parentElement !== document.body) page.before(dock);
  const opened = changes.map((change) => change.target).find((dialog) => dialog.open);
  if (opened?.classList.contains("stops")) document.getElementById("stop").focus();
  else focused?.focus();
}

/** Use what can be seen of the window: a keyboard on the screen takes its part away. */
function fit() {
  const { height, offsetTop, scale } = window.visualViewport;
  if (scale > 1.01) return; // somebody looks closer
  root.setProperty("--seen", `${height}px`);
  root.setProperty("--seen-top", `${offsetTop}px`);
}

const watcher = new MutationObserver(follow);
for (const dialog of document.querySelectorAll("dialog")) {
  watcher.observe(dialog, { attributeFilter: ["open"] });
}
new ResizeObserver(() => root.setProperty("--dock", `${dock.offsetHeight}px`)).observe(dock);
for (const event of ["resize", "scroll"]) window.visualViewport?.addEventListener(event, fit);
