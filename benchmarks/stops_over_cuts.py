"""Stops by Chromium's page while its link is cut; `stops.py cut` runs them."""

import random
import socket
import sys
import threading
import time
from pathlib import Path

from stops_rig import Client, Heard, environment, server, wait

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs import chromium

CUTS = ("refused", "swallowed", "offline")


class Cable:
    """Joins two ports until it is cut: then it refuses, or swallows what is sent."""

    def __init__(self, to: int) -> None:
        self._to, self.way = to, ""
        self._ends: list[socket.socket] = []
        self._gate = socket.create_server(("127.0.0.1", 0))
        self.port = self._gate.getsockname()[1]
        threading.Thread(target=self._let_in, daemon=True).start()

    def cut(self, way: str) -> None:
        """Cut it in this way; "" joins it."""
        self.way = way
        if way == "refused":
            for end in self._ends:
                hang_up(end)
            self._ends.clear()

    def _let_in(self) -> None:
        while True:
            near, _ = self._gate.accept()
            if self.way == "refused":
                hang_up(near)
                continue
            far = socket.create_connection(("127.0.0.1", self._to))
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                if self.way == "swallowed":  # nothing of this connection arrives any more
                    while one.recv(65536):
                        pass
                    return
                other.sendall(data)
        except OSError:
            pass
        hang_up(other)


def hang_up(end: socket.socket) -> None:
    """Close a connection, whoever reads from it."""
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


_WATCH = """
addEventListener("keydown", () => { window.pressed = performance.now(); }, true);
new MutationObserver(() => {
  if (!document.querySelector("#pending").hidden) window.told ??= performance.now();
}).observe(document.querySelector("#pending"), { attributes: true });
"""


def over_cuts(
    count: int, rng: random.Random, folder: Path
) -> list[tuple[str, float, float, float]]:
    """Return the way, for how long, when the page said so and when it was silent, in s."""
    environment(folder)
    found = []
    device = Heard(folder / "cables" / "Synth")
    with server(folder) as (port, _, link):
        cable, desk = Cable(port), Client(port, link)
        rules = f"--host-resolver-rules=MAP localhost:{port} 127.0.0.1:{cable.port}"
        with chromium.browser(rules) as browser:
            for k in range(count):
                way, cut_s = CUTS[k % len(CUTS)], 60.0 ** rng.random()
                guest = {"role": "listener", "name": f"Robin {k}"}
                page = browser.page()
                page.open(str(desk.post("/api/invitations", guest)["link"]))
                page.wait("document.activeElement.matches('button')")
                page.press("Enter")
                page.wait("document.querySelectorAll('input[name=programme]').length")
                page.run(_WATCH)
                page.run("document.querySelector('#output').append(new Option('it', 'midi:Synth'))")
                page.run("document.querySelector('#output').value = 'midi:Synth'")
                page.run("document.querySelector('#start').click()")
                begun = device.begun
                wait(lambda begun=begun: device.begun > begun + 4, "music")
                back_s = stop_while_cut(page, cable, way, cut_s)
                wait(lambda: not device.held, "silence")
                threading.Event().wait(1.5)
                pressed, told = page.run("[window.pressed, window.told]")
                found.append((way, cut_s, (told - pressed) / 1000.0, device.quiet_s - back_s))
                report = "{:10} {:5.1f} s: said after {:.2f} s, silent {:.2f} s after the return\n"
                sys.stdout.write(report.format(*found[-1]))
                sys.stdout.flush()
                wait(
                    lambda page=page: not page.run("!!document.querySelector('#start').disabled"),
                    "",
                )
    device.close()
    return found


def stop_while_cut(page: chromium.Page, cable: Cable, way: str, cut_s: float) -> float:
    """Cut the link, press STOP, and join it again; return when that was."""

    def emulate(offline: bool) -> None:
        page.send(
            "Network.emulateNetworkConditions",
            offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1,
        )  # fmt: skip

    emulate(True) if way == "offline" else cable.cut(way)
    page.press("Escape")
    threading.Event().wait(cut_s)
    back_s = time.monotonic()
    emulate(False) if way == "offline" else cable.cut("")
    return back_s
