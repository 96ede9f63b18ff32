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
import json
import os
import pty
import random
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from stops_over_cuts import over_cuts
from stops_rig import PROGRAM, Client, Heard, environment, server, wait
from websockets.exceptions import ConnectionClosed

from biofeedback.common.clock import utc_now

GOAL_S = 0.25
HANDS = ("qq", "pqq", "Ctrl-C", "SIGTERM")


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
    """Start on a station of its own, and stop, at each of the moments."""
    device, found = Heard(folder / "cables" / name), []
    path, stage, known = f"/api/stations/{client.station}", [""], [""]

    def look() -> None:
        with suppress(ConnectionClosed):  # when all is over
            for station in client.pictures():
                stage[0], known[0] = str(station["stage"]), str(station["stops"])

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
