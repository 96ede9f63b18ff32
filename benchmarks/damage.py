"""Damages sessions and tries on them every command that reads one.

    python benchmarks/damage.py                    5,000 cases, about 25 minutes on one core
    python benchmarks/damage.py --cases 200        some of them
    python benchmarks/damage.py --case 4711        one of them again, with all that it printed

A case is a folder of sound sessions and a damaged one, and one command. Allowed are exit codes 0,
2 and 3, and of verify 1, where it names what differs; with 2 stands one line that begins with
"Error:" or a table of damage. Not allowed are tracebacks, more than 10 s of processor time, and a
list without a sound session. Every 100th case runs as a process of its own. The exit code is 1
when a case failed; its number, damage and command are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from damage_kinds import DAMAGE, WEIGHTS

from biofeedback.app.plan import SessionPlan
from biofeedback.app.registry import SensorOptions
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.app import run
from biofeedback.config.loader import load
from biofeedback.personal import profiles
from biofeedback.record.inputs import input_line
from biofeedback.record.line import encode, sealed
from biofeedback.record.reader import LOG_NAME, read
from sensors.signals import Chunk, Signal

__all__ = ["COMMANDS", "Case", "Outcome", "attempt", "case", "make_sessions"]

CPU_S, WALL_S = 10.0, 300.0
GOOD, BAD, PERSON = ("sound-a", "sound-b"), "spoilt", "robin"

#: Words, and how often it is tried. OUT is the folder of sessions, ID the damaged one's name, NEW
#: a path for what is made.
COMMANDS: dict[str, tuple[str, int]] = {
    "list": ("sessions list --out OUT", 6),
    "list, json": ("sessions list --out OUT --json", 2),
    "show": ("sessions show ID --out OUT", 4),
    "check": ("sessions check --out OUT", 4),
    "check, json": ("sessions check ID --out OUT --json", 2),
    "repair": ("sessions repair ID --out OUT", 4),
    "tag": ("sessions tag ID nice --out OUT", 1),
    "compress": ("sessions compress ID --out OUT", 1),
    "trends": (f"sessions trends {PERSON} --out OUT", 2),
    "delete": ("sessions delete ID --out OUT --yes", 1),
    "delete a person": (f"sessions delete --profile {PERSON} --dry-run --out OUT", 2),
    "delete old ones": ("sessions delete --older-than 1d --dry-run --out OUT", 1),
    "export all": (f"sessions export-all NEW --profile {PERSON} --out OUT", 1),
    "profile": (f"profile show {PERSON} --out OUT", 2),
    "profile, archive": (f"profile export {PERSON} NEW.zip --out OUT", 1),
    "profile, page": (f"profile summary {PERSON} --sessions OUT --out NEW.html", 1),
    "hearing": ("hearing show --out OUT", 1),
    "verify": ("verify ID --sessions OUT", 8),
    "report": ("report ID --sessions OUT", 4),
    "render": ("render ID NEW.mid --sessions OUT", 4),
    "analyze": ("analyze ID --sessions OUT", 4),
    "analyze, folder": ("analyze OUT", 1),
    "replay": ("replay ID --sessions OUT -o null: --out NEW --duration 5", 1),
    **{
        f"export {kind}": (f"export ID NEW --to {kind} --sessions OUT", 2)
        for kind in ("csv", "bids", "parquet", "edf", "xdf", "rr", "midi")
    },
}
LISTS = {"list", "list, json", "check"}


@dataclass(frozen=True)
class Case:
    """One folder and one command."""

    number: int
    damage: str
    command: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of it; `wrong` is "" for an answer that is allowed."""

    code: int
    said: str
    told: str
    cpu_s: float
    wrong: str


def make_sessions(home: Path, seconds: float = 20.0) -> None:
    """Make sound sessions of a person in the folder `home`, with strap, band and motion."""
    (home / "out").mkdir(parents=True)
    for number, name in enumerate((*GOOD, BAD), 1):
        plan = SessionPlan(
            config=load(settings=["state.rest.rest_s=30"]), sensors=("sim:listener",),
            out=home / "made", duration_s=seconds, profile=PERSON, seed=number,
            options=SensorOptions(seed=number),
        )  # fmt: skip
        outcome = SessionRunner(plan).run(_nobody)
        assert outcome is not None
        folder = home / "out" / name
        outcome.folder.rename(folder)
        _with_waves(folder / LOG_NAME)
    (home / "out" / BAD).rename(home / BAD)
    profiles.save(profiles.Profile(name=PERSON))


async def _nobody(session: object) -> None:
    return


def _with_waves(log: Path) -> None:
    """Add ECG and acceleration before the last line, a marker, ratings and a gap stay as made."""
    lines = log.read_bytes().splitlines()
    last = [line for _, line in read(log)][-1]
    rng, more = Random(1), []
    for _ in range(3):
        ecg = [rng.gauss(0.0, 0.4) for _ in range(130)]
        acc = [[rng.gauss(0.0, 0.1) for _ in range(3)] for _ in range(50)]
        for sort, rate_hz, values in ((Signal.ECG, 130.0, ecg), (Signal.ACC, 50.0, acc)):
            chunk = Chunk.regular(sort, "strap", last.t - 1.0, rate_hz, values)
            more.append(encode(input_line(last.seq + len(more), last.t, chunk)))
    fields = json.loads(lines[-1]) | {"seq": last.seq + len(more)}
    fields.pop("crc")
    end = sealed(json.dumps(fields, separators=(",", ":")).encode())
    log.write_bytes(b"".join(line + b"\n" for line in (*lines[:-1], *more, end)))


def case(home: Path, seed: int, number: int, damage: str = "", command: str = "") -> Case:
    """Lay out a case's folder, and say what is to be tried on it; both are drawn if not given."""
    rng = Random(f"{seed}-{number}-{damage}")
    drawn = rng.choices(list(DAMAGE), [WEIGHTS.get(name, 1) for name in DAMAGE])[0]
    damage = damage or drawn
    drawn = rng.choices(list(COMMANDS), [weight for _, weight in COMMANDS.values()])[0]
    command = command or drawn
    out, new = home / "out", home / "new"
    for path in (*out.glob(f"{BAD}*"), *home.glob("new*")):
        _delete(path)
    shutil.copytree(home / BAD, out / BAD)
    DAMAGE[damage](out / BAD, rng)
    words = COMMANDS[command][0].split()
    spelt = [w.replace("OUT", str(out)).replace("NEW", str(new)) for w in words]
    return Case(number, damage, command, tuple(BAD if w == "ID" else w for w in spelt))


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class _TooSlowError(BaseException):
    pass


def attempt(tried: Case, *, alone: bool = False) -> Outcome:
    """Run a case's command, here or in a process of its own, and judge what it says."""
    if alone:
        began_s = time.process_time()
        done = subprocess.run(
            [sys.executable, "-m", "biofeedback", *tried.words],
            capture_output=True, text=True, errors="replace", timeout=WALL_S, check=False,
        )  # fmt: skip
        return _judged(tried, done.returncode, done.stdout, done.stderr, 0.0 * began_s)
    said, told, code = io.StringIO(), io.StringIO(), 0
    began_s = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    signal.setitimer(signal.ITIMER_REAL, WALL_S)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
            code = run(tried.words)
    except _TooSlowError:
        return Outcome(-1, said.getvalue(), told.getvalue(), CPU_S, "no answer within 10 s")
    except BaseException:
        told.write(traceback.format_exc())
        return Outcome(-1, said.getvalue(), told.getvalue(), 0.0, "a traceback")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    cpu_s = time.process_time() - began_s
    return _judged(tried, code, said.getvalue(), told.getvalue(), cpu_s)


def _judged(tried: Case, code: int, said: str, told: str, cpu_s: float) -> Outcome:
    wrong = ""
    differs = tried.command == "verify" and code == 1 and "Different" in said
    if "Traceback" in told:
        wrong = "a traceback"
    elif code not in (0, 2, 3) and not differs:
        wrong = f"exit code {code}"
    elif code == 2 and told.count("Error:") != 1 and tried.command not in LISTS | {"check, json"}:
        wrong = "exit code 2 without one line that says why"
    elif tried.command in LISTS and not all(name in said for name in GOOD):
        wrong = "a sound session is not listed"
    elif "Warning" in told:
        wrong = "a warning of Python's"
    return Outcome(code, said, told, cpu_s, wrong)


def _too_slow(number: int, frame: object) -> None:
    raise _TooSlowError


def main() -> int:
    """Try the cases; return 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--case", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    signal.signal(signal.SIGPROF, _too_slow)
    signal.signal(signal.SIGALRM, _too_slow)
    warnings.simplefilter("always")
    numbers = range(asked.first, asked.first + asked.cases)
    if asked.case is not None:
        numbers = range(asked.case, asked.case + 1)
    codes: Counter[tuple[str, int]] = Counter()
    failures, slowest_s, began_s = 0, 0.0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["XDG_DATA_HOME"] = str(home / "data")
        make_sessions(home)
        for count, number in enumerate(numbers, 1):
            tried = case(home, asked.seed, number)
            outcome = attempt(tried, alone=number % 100 == 99)
            codes[tried.command, outcome.code] += 1
            slowest_s = max(slowest_s, outcome.cpu_s)
            if outcome.wrong:
                failures += 1
                print(f"case {number}: {tried.damage}; {tried.command}: {outcome.wrong}")
                print(f"    {' '.join(tried.words)}\n{_last(outcome.told)}", flush=True)
            if asked.case is not None:
                print(tried, outcome.code, outcome.said, outcome.told, sep="\n")
            if count % 100 == 0 or count == len(numbers):
                minutes = (time.monotonic() - began_s) / 60
                print(
                    f"{count} of {len(numbers)} cases, {failures} failed, slowest "
                    f"{slowest_s:.1f} s of processor time, {minutes:.1f} minutes", flush=True,
                )  # fmt: skip
        for path in (home / "out").glob(f"{BAD}*/*"):
            if not path.is_symlink() and path.exists():
                path.chmod(stat.S_IRWXU)
    for (command, code), times in sorted(codes.items()):
        print(f"{command:20} exit {code:2}  {times}")
    return 1 if failures else 0


def _last(told: str) -> str:
    return "\n".join(f"    {line}" for line in told.splitlines()[-6:])


if __name__ == "__main__":
    sys.exit(main())
