"""How the program fares on virtual listeners, as one table.

python benchmarks/lab.py [--quick] [--part NAME ...] [--store FILE]

Simulated: proves the controller, not a benefit. What the full tier has found is kept in the
store, so that a table that was interrupted goes on where it was, unless code that decides has
changed since. The whole takes most of an hour on two cores; --quick a few minutes, with so few
listeners that its verdicts mean little.
"""

import argparse
import os
import sys
from pathlib import Path

from lab_tables import breathing, control, learner, tiers, trials
from lab_tables.store import Store

from biofeedback.lab.base import NOTICE

LISTENERS, FEW = 200, 8
STORE = Path("lab-table.jsonl")


def main() -> None:
    """Print the parts that were asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", action="append", choices=list(PARTS))
    parser.add_argument("--store", type=Path, default=STORE)
    options = parser.parse_args()
    processes = os.cpu_count() or 1
    store = Store(options.store, processes)
    print(NOTICE, flush=True)
    short = 0
    for name in options.part or PARTS:
        lines = PARTS[name](store, options.quick, processes)
        print("\n".join(lines), flush=True)
        short += sum(line.endswith("SHORT") for line in lines)
    print(f"{short} SHORT; {NOTICE}")
    sys.exit(1 if short and not options.quick else 0)


PARTS = {
    "tiers": lambda store, quick, _: tiers.table(store, FEW if quick else LISTENERS),
    "control": lambda store, quick, _: control.table(store, FEW if quick else LISTENERS),
    "breathing": lambda store, quick, _: breathing.table(store, FEW if quick else LISTENERS),
    "learner": lambda _, quick, processes: learner.table(quick, processes),
    "trials": lambda _, quick, processes: trials.table(quick, processes),
}


if __name__ == "__main__":
    main()
