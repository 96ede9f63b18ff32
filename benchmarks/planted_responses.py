"""How often the direction of a planted response is found: a curve on real noise.

A response of known size, delay and sign is added to heart and skin of people who hear nothing; then
the product's own test of the direction runs on them. Shares are of people, each heard with several
seeds; their 95 % intervals (Wilson) count people, not seeds. The test's constants were chosen on
every second person, so each half stands for itself.

    BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/planted_responses.py
    python benchmarks/planted_responses.py --sizes 1 --seeds 2 --people S05 S07
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from nulls.curve import Found, over_sessions, searched, seen
from nulls.planted import Response
from nulls.sensed import sensed
from recorded import recordings_folder
from recorded_nulls import wilson

from biofeedback.config.loader import load
from sensors.files import read

_MINUTES = (5, 10, 20, 30, 45, 60)
_SESSIONS = (1, 2, 3, 5, 10)
VARIANTS = 44  #: of periods, witnesses and priors that were tried on the first half


def row(found: Sequence[Found], sign: int, most: Sequence[float], *, sessions: bool) -> list[str]:
    """Return the share of people whose direction is named with this sign, by each bound."""
    people, cells = len({one.person for one in found}), []
    said = "opposes" if sign < 0 else "follows"
    for bound in most:
        hits = [
            one.verdict == said and (one.sessions <= bound if sessions else one.at_s <= 60 * bound)
            for one in found
        ]
        share = sum(hits) / len(hits)
        low, high = wilson(round(share * people), people)
        cells.append(f"{100 * share:.0f} [{100 * low:.0f}, {100 * high:.0f}]")
    return cells


def table(found: Sequence[Found], sizes: Sequence[float], *, sessions: bool) -> list[str]:
    """Return the lines of one table; in that of size 0 each call is a false one."""
    most: Sequence[float] = _SESSIONS if sessions else _MINUTES
    unit = "sessions of 20 min" if sessions else "minutes worn"
    lines = ["".join(f"{cell:<16}" for cell in (unit, *map(str, most)))]
    for size in sizes:
        own = [one for one in found if one.response.size_sd == size]
        for sign in (-1, 1) if size == 0.0 else (int(math.copysign(1, size)),):
            what = f"{abs(size):g} SD {'opposes' if sign < 0 else 'follows'}"
            lines.append(
                "".join(f"{c:<16}" for c in (what, *row(own, sign, most, sessions=sessions)))
            )
    return [line.rstrip() for line in lines]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", type=float, default=[0.25, 0.5, 1.0, 2.0])
    parser.add_argument("--delay", type=float, default=15.0, metavar="S")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--people", nargs="+", metavar="NAME", help="such as S05; else all")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="of what was sensed")
    options = parser.parse_args()
    if not os.environ.get("BIOFEEDBACK_RECORDINGS"):
        print("Nothing measured: BIOFEEDBACK_RECORDINGS names no folder of recordings.")
        return
    folder = recordings_folder() / "stress_predict"
    people = options.people or sorted(path.name for path in folder.glob("S*") if path.is_dir())
    os.nice(10)
    sizes = [0.0, *(sign * size for size in options.sizes for sign in (-1.0, 1.0))]
    worn: list[Found] = []
    added: list[Found] = []
    for number, person in enumerate(people, 1):
        course = seen(sensed(read(folder / person), load(), options.keep))
        for size in sizes:
            response = Response(size, options.delay)
            one = partial(searched, person, course, response)
            worn += [one(seed) for seed in range(1, options.seeds + 1)]
            added.append(over_sessions(person, course, response, range(1, _SESSIONS[-1] + 1)))
        print(f"{number} of {len(people)} people", file=sys.stderr, flush=True)
    halves = {"all": people, "chosen on": people[0::2], "not chosen on": people[1::2]}
    print(f"{VARIANTS} variants were tried; delay {options.delay:g} s; per cent of people named so")
    for name, half in halves.items():
        if half:
            print(f"\n{len(half)} people ({name}), {options.seeds} seeds each")
            print("\n".join(table([f for f in worn if f.person in half], sizes, sessions=False)))
    print("\nSessions that add up")
    print("\n".join(table(added, sizes, sessions=True)))


if __name__ == "__main__":
    main()
