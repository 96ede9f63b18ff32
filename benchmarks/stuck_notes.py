"""How many notes hang after music was stopped, in every bad way, at seeded moments.

python benchmarks/stuck_notes.py [--stops 1000] [--seed 1] [--parallel 4]

A real player plays random notes through a cable that loses nothing, on a device that remembers
what sounds.
The ways: SIGINT, SIGTERM, an exception, SIGKILL of the main process, SIGKILL of the player (which
is started again), and the device unplugged (and plugged in again).
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs.stops import WAYS, stuck_after


def main() -> int:
    """Run all stops; return 0 when nothing hangs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=4)
    options = parser.parse_args()
    ways = [WAYS[k % len(WAYS)] for k in range(options.stops)]
    seeds = range(options.seed, options.seed + options.stops)
    stuck: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    began_s = time.monotonic()

    def one(way: str, seed: int) -> tuple[str, int | str]:
        try:
            return way, stuck_after(way, seed, Path(folder))
        except AssertionError as error:
            return way, str(error)

    with (
        tempfile.TemporaryDirectory(prefix="cables") as folder,
        ThreadPoolExecutor(options.parallel) as pool,
    ):
        for way, result in pool.map(one, ways, seeds):
            if isinstance(result, str):
                failed[way] += 1
                print(f"did not get through: {result}", file=sys.stderr)
            else:
                stuck[way] += result
    print(f"{'stopped by':26}{'stops':>7}{'stuck notes':>13}{'not tried':>11}")
    for way, stops in Counter(ways).items():
        print(f"{way:26}{stops:7}{stuck[way]:13}{failed[way]:11}")
    total = sum(stuck.values())
    print(f"{'all':26}{len(ways):7}{total:13}{sum(failed.values()):11}")
    print(f"in {time.monotonic() - began_s:.0f} s")
    return int(total > 0 or sum(failed.values()) > 0)


if __name__ == "__main__":
    sys.exit(main())
