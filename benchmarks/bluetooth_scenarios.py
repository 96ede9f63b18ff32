"""Random scenarios of trouble, which a session survives, through real bleak on virtual BlueZ.

    python benchmarks/bluetooth_scenarios.py [--count 100] [--seed 1] [--parallel 12] [--quick]

Each scenario draws one to three sensors and three to five disturbances, and has a bus of its own;
around them stand devices of the same names, some sensors refuse Polar's measurements for good, and
some belong to a group whose members have straps of one name. A real session runs on it, without
music; its log is held against the truth of the rig: every sensor streams again within 5 s of its
return (or its link's next try; one of a new address is first missed for 30 s), no beat is invented,
each that was notified is there once, each outage has a gap with the right reason, and no device is
connected that was not asked for. Needs Linux and dbus-daemon. Prints a table, names the seeds that
failed, and exits with 1 if any did.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from rigs.bluetooth_draw import Drawn, draw, draw_quick  # noqa: E402
from rigs.bluetooth_judge import Verdict, judge  # noqa: E402

RIGS = ROOT / "tests" / "rigs"


def perform(drawn: Drawn, folder: Path) -> Verdict:
    """Run a scenario in a folder of its own, and judge its log."""
    folder.mkdir(parents=True, exist_ok=True)
    scenario, truth = folder / "scenario.json", folder / "truth.jsonl"
    scenario.write_text(json.dumps(drawn.scenario))
    rig = [sys.executable, str(RIGS / "virtual_bluez.py"), str(scenario), "--truth", str(truth)]
    run = [sys.executable, str(RIGS / "record_session.py"), "--out", str(folder / "out")]
    run += drawn.sensors
    done = subprocess.run(
        [*rig, "--", *run, "--seconds", str(drawn.seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (folder / "said.txt").write_text(done.stdout)
    logs = list(folder.glob("out/*/session.jsonl"))
    if done.returncode or not logs:
        return Verdict(failures=[f"the session ended with {done.returncode}: {done.stdout[-400:]}"])
    log, said = _lines(logs[0].read_text()), _lines(done.stdout)
    (started_s,) = [one["t0"] for one in said if "t0" in one]
    tries = [one for one in said if "tries" in one]
    verdict = judge(_lines(truth.read_text()), log, tries, started_s, drawn.sources)
    if log[-1]["kind"] != "end":
        verdict.failures.append("the log has no end")
    return verdict


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line[:1] == "{"]


def table(verdicts: dict[int, Verdict], drawn: dict[int, Drawn]) -> bool:
    """Print what came of the scenarios; return whether none failed."""
    drawn_kinds = Counter(kind for one in drawn.values() for kind in one.kinds)
    after_s: dict[str, list[float]] = defaultdict(list)
    for verdict in verdicts.values():
        for one in verdict.returns:
            after_s[one.kind].append(one.after_s)
    print(f"{'disturbance':20} {'drawn':>6} {'returns':>8} {'median s':>9} {'worst s':>8}")
    for kind in sorted(drawn_kinds):
        back_s = after_s[kind]
        figures = f"{statistics.median(back_s):9.2f} {max(back_s):8.2f}" if back_s else ""
        print(f"{kind:20} {drawn_kinds[kind]:6} {len(back_s):8} {figures}")
    counts = sum((verdict.counts for verdict in verdicts.values()), Counter[str]())
    print(", ".join(f"{name} {number}" for name, number in sorted(counts.items())))
    failed = {seed: verdict for seed, verdict in verdicts.items() if verdict.failures}
    for seed, verdict in sorted(failed.items()):
        print(f"seed {seed} ({', '.join(drawn[seed].kinds)}):")
        for failure in verdict.failures:
            print(f"    {failure}")
    print(f"{len(verdicts) - len(failed)} of {len(verdicts)} scenarios passed")
    return not failed


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first; the next ones follow")
    parser.add_argument("--parallel", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="three short ones, for the tests")
    parser.add_argument("--keep", type=Path, help="a folder for scenarios, truths and logs")
    given = parser.parse_args()
    make, count = (draw_quick, 3) if given.quick else (draw, given.count)
    drawn = {seed: make(seed) for seed in range(given.seed, given.seed + count)}
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(given.parallel) as pool:
        folder = given.keep or Path(temporary)
        runs = {s: pool.submit(perform, one, folder / str(s)) for s, one in drawn.items()}
        verdicts = {seed: run.result() for seed, run in runs.items()}
    return 0 if table(verdicts, drawn) else 1


if __name__ == "__main__":
    sys.exit(main())
