"""How long a user waits for `--help`, and an import: medians, and the ratio to an empty Python.

python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time

RUNS = 15
COMMANDS = {
    "empty Python": [sys.executable, "-c", "pass"],
    "import biofeedback": [sys.executable, "-c", "import biofeedback"],
    "biofeedback --help": [
        sys.executable, "-c", "import sys; sys.argv = ['biofeedback', '--help']; "
        "import biofeedback.cli; biofeedback.cli.main()",
    ],
}  # fmt: skip


def seconds(command: list[str]) -> float:
    """Return how long a command takes."""
    before = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - before


def main() -> None:
    """Print the table."""
    for command in COMMANDS.values():
        seconds(command)
    runs: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):  # in turn, so that a drift of the machine's speed meets all of them
        for name, command in COMMANDS.items():
            runs[name].append(seconds(command))
    empty = statistics.median(runs["empty Python"])
    print(f"{'':22}{'median s':>10}{'min s':>10}{'x empty':>10}")
    for name, times in runs.items():
        median = statistics.median(times)
        print(f"{name:22}{median:10.3f}{min(times):10.3f}{median / empty:10.1f}")


if __name__ == "__main__":
    main()
