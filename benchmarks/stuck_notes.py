"""How many notes hang after music was stopped, in every bad way, at seeded moments.

python benchmarks/stuck_notes.py [--count 1000] [--seed 1] [--parallel 4] [--jack] [--log FILE]

A real player plays random notes through a cable that loses nothing, on a device that remembers
what sounds.
The ways: SIGINT, SIGTERM, an exception, SIGKILL of the main process, SIGKILL of the player (which
is started again), and the device unplugged (and plugged in again). With `--jack` there is one way
alone: the device is a port of JACK's that disappears and comes back. One at a time, on a server
that has real time where that is allowed: a JACK server that is starved loses messages by itself.

With `--log` each stop is written down as soon as it is over, and left out when the same command is
given again: a run that was interrupted goes on. A stop that did not get through is tried again.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs import jack
from rigs.stops import JACK_WAY, WAYS, stuck_after

Stop = tuple[str, int]


def done_before(log: Path | None) -> dict[Stop, int]:
    """Return the stops that a log holds; a line that was cut short is left out."""
    found: dict[Stop, int] = {}
    if log is not None and log.exists():
        for line in log.read_text().splitlines():
            try:
                way, seed, stuck = json.loads(line)
            except ValueError:
                continue
            found[way, seed] = stuck
    return found


def main() -> int:
    """Run all stops; return 0 when nothing hangs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many stops in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--jack", action="store_true", help="a port of JACK's that disappears")
    parser.add_argument("--log", type=Path, help="go on where a run that wrote this file ended")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    ways = (JACK_WAY,) if options.jack else WAYS
    stops: list[Stop] = [(ways[k % len(ways)], seed) for k, seed in enumerate(seeds)]
    done = {stop: stuck for stop, stuck in done_before(options.log).items() if stop in stops}
    failed: Counter[str] = Counter()
    began_s = time.monotonic()

    def one(stop: Stop) -> tuple[Stop, int | str]:
        try:
            return stop, stuck_after(*stop, Path(folder))
        except AssertionError as error:
            return stop, str(error)

    missing = [stop for stop in stops if stop not in done]
    with (
        jack.jack_server(realtime=True) if options.jack else nullcontext(),
        tempfile.TemporaryDirectory(prefix="cables") as folder,
        ThreadPoolExecutor(1 if options.jack else options.parallel) as pool,
    ):
        for stop, result in pool.map(one, missing):
            if isinstance(result, str):
                failed[stop[0]] += 1
                print(f"did not get through: {result}", file=sys.stderr)
                continue
            done[stop] = result
            if options.log is not None:
                with options.log.open("a") as log:
                    log.write(json.dumps([*stop, result]) + "\n")
    return report(stops, done, failed, time.monotonic() - began_s)


def report(stops: list[Stop], done: dict[Stop, int], failed: Counter[str], seconds: float) -> int:
    """Print the table; return 0 when nothing hangs and all was tried."""
    print(f"{'stopped by':26}{'stops':>7}{'stuck notes':>13}{'not tried':>11}")
    for way, count in Counter(way for way, _ in stops).items():
        stuck = sum(stuck for (name, _), stuck in done.items() if name == way)
        print(f"{way:26}{count:7}{stuck:13}{failed[way]:11}")
    total = sum(done.values())
    print(f"{'all':26}{len(stops):7}{total:13}{sum(failed.values()):11}")
    print(f"in {seconds:.0f} s")
    return int(total > 0 or sum(failed.values()) > 0)


if __name__ == "__main__":
    sys.exit(main())
