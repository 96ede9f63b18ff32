"""Whether a stop wins at any moment, by a page and by a terminal, and over a link that is cut.

python benchmarks/stops.py [page terminal cut] [--count 100] [--cuts 20] [--seed 1] [--parallel 4]

Each part runs the real program with a sensor that appears after 1.5 s and takes 1 s to close, a
player that takes 1.5 s to open and 1 s to close, and a report of 3 s. Its notes go through a cable
that loses nothing to a device that remembers what sounds.

page: Start and STOP as the page sends them, STOP 0 to 10 s after Start.
terminal: `biofeedback run` on a terminal of its own, stopped by q twice, p and q twice, Ctrl-C or
SIGTERM, 0 to 10 s after it was typed.
Silent means: 250 ms after the stop came (a page's as the session's log has it, a terminal's when it
was sent) nothing sounds, and no note begins until the program is
idle again, or has ended.

cut: Chromium's page, whose link is cut for 1 to 60 s, by refusing, by swallowing what is sent, or
by the browser's own network switch. STOP is pressed at the beginning. The page shall say within 1 s
that nothing has stopped, and the music shall end within 1 s of the link's return.

Ends with 1 if one did not.
"""

import argparse
import fcntl
import http.client
import json
import os
import pty
import random
import re
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs import chromium
from rigs.stops import Device

from biofeedback.common.clock import utc_now

PROGRAM = str(Path(__file__).parents[1] / "tests" / "rigs" / "slow_program.py")
SLOW, SLOW_PLAYER = "1.5,1,3", "1.5,1"
GOAL_S, PATIENCE_S = 0.25, 60.0
HANDS = ("qq", "pqq", "Ctrl-C", "SIGTERM")
CUTS = ("refused", "swallowed", "offline")


class Heard(Device):
    """A device that is read all the time, and knows since when nothing sounds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.quiet_s = time.monotonic()
        self._over = threading.Event()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        while not self._over.wait(0.002):
            begun = self.begun
            self.read()
            if self.held or self.begun != begun:
                self.quiet_s = time.monotonic()

    def close(self) -> None:
        """Stop reading, and take the device away."""
        self._over.set()
        self._reading.join()
        self.unplug()


def environment(folder: Path) -> dict[str, str]:
    """Return what the slow program needs to know, with a data folder of its own."""
    cables = folder / "cables"
    cables.mkdir(exist_ok=True)
    return os.environ | {
        "XDG_DATA_HOME": str(folder / "data"), "CABLES": str(cables), "SLOW": SLOW,
        "SLOW_PLAYER": SLOW_PLAYER, "TERM": "xterm",
    }  # fmt: skip


def wait(true: Callable[[], object], what: str) -> None:
    """Wait until something is true."""
    until_s = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > until_s:
            raise RuntimeError(f"never came: {what}")
        threading.Event().wait(0.02)


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Run the pages' server; yield its port and the links of a listener and a therapist."""
    command = [sys.executable, PROGRAM, "serve", "--port", "0", "--no-open"]
    command += ["--out", str(folder / "out")]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=(folder / "log").open("w"), text=True,
        env=environment(folder),
    )  # fmt: skip
    try:
        assert child.stdout
        listener, therapist = (child.stdout.readline().split()[-1] for _ in range(2))
        yield int(re.findall(r":(\d+)/", listener)[0]), listener, therapist
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(60)


class Client:
    """Asks as a page does."""

    def __init__(self, port: int, link: str) -> None:
        self._port = port
        self._headers = {"Origin": f"http://localhost:{port}", "Content-Type": "application/json"}
        answer = self._ask("POST", link[link.index("/enter") :])
        self._headers["Cookie"] = answer.headers["set-cookie"].split(";")[0]
        page = self._ask("GET", "/").read().decode()
        self.seat = json.loads(re.findall(r'id="facts">(.*?)</script>', page)[0])["seat"]

    def _ask(self, method: str, path: str, value: object = None) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("localhost", self._port, timeout=60)
        line.request(method, path, None if value is None else json.dumps(value), self._headers)
        return line.getresponse()

    def post(self, path: str, value: object) -> dict[str, object]:
        """Return the answer to a change."""
        return dict(json.loads(self._ask("POST", path, value).read()))

    def pictures(self) -> Iterator[dict[str, object]]:
        """Yield what the page is shown."""
        extra = {"Cookie": self._headers["Cookie"]}
        address, origin = f"ws://localhost:{self._port}/live", self._headers["Origin"]
        with connect(address, origin=origin, additional_headers=extra) as live:
            while True:
                told = json.loads(live.recv(timeout=60))
                if told.get("seat", {}).get("id") == self.seat:
                    yield told["seat"]


Found = tuple[str, float, bool]  # phase or hand, s to silence, whether it stayed silent


def never() -> None:
    """Return that no log says when it was."""


def judge(
    kind: str,
    device: Heard,
    sent_s: float,
    idle: Callable[[], object],
    received_s: Callable[[], float | None] = never,
) -> Found:
    """Return how long it took until nothing sounded, and whether that stayed so.

    It counts from when the program knew of the stop, where its log says that, else from when the
    stop was sent.
    """
    wait(lambda: time.monotonic() > sent_s + 2 * GOAL_S, "the goal")
    begun, silent = device.begun, not device.held
    wait(idle, "the end")
    threading.Event().wait(0.5)
    late_s = max(0.0, device.quiet_s - (received_s() or sent_s))
    stayed = silent and device.begun == begun and not device.held
    if not stayed or late_s > GOAL_S:
        sys.stdout.write(f"{kind}: silent after {1000.0 * late_s:.0f} ms, stayed so: {stayed}\n")
    sys.stderr.write(".")
    sys.stderr.flush()
    return kind, late_s, stayed


def taken_s(out: Path, output: str) -> float | None:
    """Return when the latest session with this output took its STOP, by our clock."""
    now_s, now_utc = time.monotonic(), utc_now()
    for log in sorted(out.glob("*/session.jsonl"), reverse=True):
        written = log.read_text().rpartition("\n")[0]  # the last line may be half written
        if not written:
            continue
        header, *lines = (json.loads(line) for line in written.splitlines())
        if header["outputs"] == [output]:
            ago_s = (now_utc - datetime.fromisoformat(header["started_utc"])).total_seconds()
            times = [line["t"] for line in lines if line.get("what") in ("panic", "stop")]
            return now_s - ago_s + times[0] if times else None
    return None


def on_a_page(client: Client, folder: Path, name: str, moments: list[float]) -> list[Found]:
    """Start on a seat of its own, and stop, at each of the moments."""
    device, found = Heard(folder / "cables" / name), []
    path, stage, known = f"/api/seats/{client.seat}", [""], [""]

    def look() -> None:
        with suppress(ConnectionClosed):  # when all is over
            for seat in client.pictures():
                stage[0], known[0] = str(seat["stage"]), str(seat["stops"])

    threading.Thread(target=look, daemon=True).start()
    wait(lambda: stage[0] == "idle", "the first picture")
    for moment_s in moments:
        choice = {"sensor": "sim:", "output": f"midi:{name}", "since": known[0]}
        began_s = time.monotonic()
        starting = threading.Thread(target=client.post, args=(f"{path}/start", choice))
        starting.start()
        wait(lambda at=began_s + moment_s: time.monotonic() >= at, "the moment")
        sent_s = time.monotonic()
        told = client.post(f"{path}/silence?id={secrets.token_hex(8)}", {})
        assert told["stopped"], told
        starting.join()
        kind, taken = f"page, {told['was']}", partial(taken_s, folder / "out", f"midi:{name}")
        found.append(
            judge(
                kind, device, sent_s, lambda: stage[0] == "idle",
                taken if told["was"] == "playing" else never,
            )
        )  # fmt: skip
    device.close()
    return found


def by_pages(count: int, parallel: int, rng: random.Random, folder: Path) -> list[Found]:
    """Return what became of stops by pages."""
    environment(folder)
    with server(folder) as (port, _, link), ThreadPoolExecutor(parallel) as pool:
        desk = Client(port, link)
        moments = [
            [rng.uniform(0.0, 10.0) for _ in range(k, count, parallel)] for k in range(parallel)
        ]
        jobs = []
        for k, mine in enumerate(moments):
            guest = {"role": "listener", "name": f"Robin {k}"}
            listener = Client(port, str(desk.post("/api/invitations", guest)["link"]))
            jobs.append(pool.submit(on_a_page, listener, folder, f"Synth {k}", mine))
        return [stop for job in jobs for stop in job.result()]


def on_a_terminal(folder: Path, number: int, hand: str, moment_s: float) -> Found:
    """Type the command, and stop it at a moment."""
    name = f"Terminal {number}"
    device = Heard(folder / "cables" / name)
    command = [sys.executable, PROGRAM, "run", "--sensor", "sim:", "--output", f"midi:{name}"]
    command += ["--out", str(folder / "out")]
    terminal, their_end = pty.openpty()
    child = subprocess.Popen(
        command, stdin=their_end, stdout=their_end, stderr=their_end, start_new_session=True,
        preexec_fn=own_terminal, env=environment(folder),
    )  # fmt: skip
    os.close(their_end)
    threading.Thread(target=drain, args=(terminal,), daemon=True).start()
    began_s = time.monotonic()
    wait(lambda: time.monotonic() >= began_s + moment_s, "the moment")
    sent_s, phase = time.monotonic(), "playing" if device.begun else "before music"
    if hand == "SIGTERM":
        child.send_signal(signal.SIGTERM)
    else:
        for key in "\x03" if hand == "Ctrl-C" else hand:
            os.write(terminal, key.encode())
    kind = f"terminal, {hand}, {phase}"
    found = judge(kind, device, sent_s, lambda: child.poll() is not None)
    device.close()
    os.close(terminal)
    return found


def own_terminal() -> None:
    """Make standard input the terminal of a new session, and heed what a shell may have ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def drain(terminal: int) -> None:
    """Read a terminal, so that it never waits."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass  # it has ended


def by_terminals(count: int, parallel: int, rng: random.Random, folder: Path) -> list[Found]:
    """Return what became of stops by terminals."""
    environment(folder)
    with ThreadPoolExecutor(parallel) as pool:
        jobs = [
            pool.submit(on_a_terminal, folder, k, HANDS[k % len(HANDS)], rng.uniform(0.0, 10.0))
            for k in range(count)
        ]
        return [job.result() for job in jobs]


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


def main() -> int:
    """Run what is asked for; return 0 when every stop held."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help="page, terminal, cut; all when none is named")
    parser.add_argument("--count", type=int, default=100, help="stops by pages, and by terminals")
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=4)
    options = parser.parse_args()
    parts, good = options.parts or ["page", "terminal", "cut"], True
    rng = random.Random(options.seed)
    for part, run in (("page", by_pages), ("terminal", by_terminals)):
        if part in parts:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                stops = run(options.count, options.parallel, rng, Path(folder))
            good &= tell(stops)
    if "cut" in parts:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            cuts = over_cuts(options.cuts, rng, Path(folder))
        held = [cut for cut in cuts if cut[2] <= 1.0 and cut[3] <= 1.0]
        sys.stdout.write(f"cut: {len(held)} of {len(cuts)} held\n")
        good &= len(held) == len(cuts)
    return 0 if good else 1


def tell(stops: list[Found]) -> bool:
    """Print a line for each kind; return whether all held."""
    good = Counter(kind for kind, late_s, stayed in stops if stayed and late_s <= GOAL_S)
    for kind, count in sorted(Counter(kind for kind, _, _ in stops).items()):
        late_ms = [1000.0 * late_s for name, late_s, _ in stops if name == kind]
        sys.stdout.write(
            f"{kind}: {good[kind]} of {count} silent and stayed so; "
            f"median {statistics.median(late_ms):.0f} ms, worst {max(late_ms):.0f} ms\n"
        )
    sys.stdout.flush()
    return good.total() == len(stops)


if __name__ == "__main__":
    sys.exit(main())
