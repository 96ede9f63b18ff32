"""Whether notes hang when the player goes just before a stop, and its successor comes late.

python benchmarks/late_successor.py [--count 30] [--seed 1] [--most 10]

The real command plays on a MIDI port of JACK's (dummy driver) that remembers what sounds. While
something does, its player is stopped (SIGSTOP) or killed (SIGKILL); 0.1 s later comes Ctrl-C. The
successor of the player begins to start 1 to `--most` seconds late. A trial is good when nothing
sounds a second after the successor is up, no note began after the stop, and the screen had said
meanwhile that notes may hang.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs import jack
from rigs.late_successor import WAYS, trial


def main() -> int:
    """Run all trials; return 0 when all are good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30, help="how many trials in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=float, default=10.0, help="the longest delay, s")
    options = parser.parse_args()
    rng, began_s, good = random.Random(options.seed), time.monotonic(), 0
    heads = (("late, s", 8), ("held", 6), ("stuck", 6), ("begun", 6), ("told", 7), ("up", 7))
    print(f"{'way':8}" + "".join(f"{head:>{width}}" for head, width in (*heads, ("silent", 8))))
    with jack.jack_server(realtime=True), tempfile.TemporaryDirectory() as folder:
        for number in range(options.count):
            way, delay_s = WAYS[number % len(WAYS)], rng.uniform(1.0, options.most)
            one = trial(way, delay_s, options.seed + number, Path(folder) / str(number))
            good += one.good
            times = "".join(
                f"{'-' if value is None else format(value, '.2f'):>{width}}"
                for value, width in ((one.told_s, 7), (one.up_s, 7), (one.silent_s, 8))
            )
            print(
                f"{way:8}{delay_s:8.1f}{one.held:6}{one.stuck:6}{one.begun_after:6}{times}"
                f"{'' if one.good else '  NOT GOOD'}",
                flush=True,
            )
            if not one.good:
                print(one.said, file=sys.stderr)
    print(f"{good} of {options.count} good, in {time.monotonic() - began_s:.0f} s")
    return int(good < options.count)


if __name__ == "__main__":
    sys.exit(main())
