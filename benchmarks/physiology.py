"""One table of how exact, early, cheap and honest the metrics are, with neurokit2 in the same run.

    BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/physiology.py [--quick] [--only PART ...]

Each row has what was measured, what was asked, PASS or SHORT, and what neurokit2 or another tool
does on the same data. `--quick` takes fewer seeds, people and hours. The parts are in
`benchmarks/body/`; the arousal estimate is `benchmarks/arousal_auc.py`. Costs are CPU time, of both
sides in turns, so a busy machine spoils ratios little. systole (PyPI, GPL, not installed with us)
is compared with where it can be imported.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable

import arousal_auc
from body import artefacts, bad, cost, heart, skin, waves
from body.table import Table

PARTS: dict[str, Callable[[Table, bool], None]] = {
    "hrv": heart.run,
    "artefacts": artefacts.run,
    "clean": artefacts.clean,
    "skin": skin.run,
    "beats": waves.run,
    "cost": cost.run,
    "memory": cost.memory,
    "bad-input": bad.run,
    "arousal": arousal_auc.run,
}


def main() -> None:
    """Print the table; exit 1 when anything fell short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer seeds, people and hours")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    table = Table()
    for name in asked.only:
        with table.part(name):
            PARTS[name](table, asked.quick)
    sys.exit(0 if table.close() else 1)


if __name__ == "__main__":
    main()
