"""Counts false stops: recordings of people who hear nothing, played to every programme.

In a recording nobody hears the music, so whatever its listener does is not its doing, and each
"your arousal rises as the music calms" is false. For each programme and stop rule it counts the
people and the calls, says when, and how much of the quiet time (outside tasks, while the programme
lasts; nobody resumes) the music was stopped. People are those of Stress-Predict.

Each person is sensed once; then each programme runs the product's own core, with its bars, on what
was sensed. `--check PERSON` compares that with a replay from end to end, decision for decision.

    BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/recorded_nulls.py
    python benchmarks/recorded_nulls.py --programmes default settle --people S05 S07 --json now.json
    python benchmarks/recorded_nulls.py --responses -2 -1 -.5 0 .5 1 2 --programmes default
    python benchmarks/recorded_nulls.py --quick                  # three people, 20 minutes
    python benchmarks/recorded_nulls.py --before before.json     # both, side by side
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import msgspec
import scipy.stats
from arousal_auc import blocks
from nulls.planted import Response
from nulls.sensed import Course, Heard, sensed
from recorded import recordings_folder

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.config.loader import load, programmes
from biofeedback.config.schema import Config
from biofeedback.control.base import Decision
from biofeedback.engine.inputs import TICK_S
from biofeedback.runtime.session import Session
from biofeedback.storage.paths import configs_folder
from sensors.files import Recording, read
from synth.styles.load import load as load_style

__all__ = ["Call", "Figures", "Night", "main", "measure"]

DEFAULT = "default"  #: what `run` plays where no programme is named
RULES = ("paradox", "rising", "heart_rate", "distress")
#: What the stop rules may do to somebody who hears nothing.
_MOST_PARADOXICAL, _MOST_STOPPED = 1 / 17, 0.03
_QUICK_PEOPLE, _QUICK_S = ("S07", "S18", "S29"), 1200.0


class Call(msgspec.Struct, frozen=True):
    """A stop rule spoke at `at_s`, in a task or not, and the music was stopped for `for_s`."""

    rule: str
    at_s: float
    for_s: float
    quiet: bool


class Night(msgspec.Struct, frozen=True):
    """One person through one programme; `stopped_s` is the part of `quiet_s` without music.

    `response_sd` is what was planted, 0 for nothing; `worn_s` how long it all lasted.
    """

    person: str
    programme: str
    calls: list[Call]
    quiet_s: float
    stopped_s: float
    worn_s: float = 0.0
    response_sd: float = 0.0

    @property
    def title(self) -> str:
        """The programme, and what was planted."""
        if not self.response_sd:
            return self.programme
        return f"{self.programme} {self.response_sd:+g} SD"


class Figures(msgspec.Struct, frozen=True):
    """Everybody through every programme."""

    nights: list[Night]

    def of(self, title: str) -> list[Night]:
        """Return the sessions of a programme in which the same was planted."""
        return [night for night in self.nights if night.title == title]

    @property
    def titles(self) -> list[str]:
        """What there are sessions of."""
        return list(dict.fromkeys(night.title for night in self.nights))


def config_of(programme: str) -> Config:
    """Return the config of a programme by name."""
    return load() if programme == DEFAULT else load(programme)


def played(course: Course, config: Config, response_sd: float = 0.0) -> Iterator[Decision]:
    """Yield the decision of each tick until the programme is over."""
    style = load_style(config.music.style, configs_folder() / "styles")
    heard = Heard(config, style, course, Response(response_sd))
    for index in range(len(course)):
        yield next(item for item in heard.tick(index) if isinstance(item, Decision))
        if heard.core.over:
            return


def tasks_of(person: str, recording: Recording) -> list[tuple[float, float]]:
    """Return when a person had something to do, in s of the recording."""
    assert recording.started is not None
    start = recording.started.timestamp()
    return [(a - start, b - start) for a, b, stress, _ in blocks()[person] if stress]


def counted(
    person: str,
    programme: str,
    decisions: Iterator[Decision],
    tasks: list[tuple[float, float]],
    response_sd: float = 0.0,
) -> Night:
    """Count the calls and the time."""
    calls: list[Call] = []
    quiet_s = stopped_s = worn_s = 0.0
    before = ""
    for decision in decisions:
        now_s = decision.time_s
        quiet = not any(a <= now_s < b for a, b in tasks)
        rule = decision.cause.removeprefix("stop:") if decision.cause.startswith("stop:") else ""
        if rule and rule != before:
            calls.append(Call(rule, now_s, 0.0, quiet))
        if rule:
            calls[-1] = msgspec.structs.replace(calls[-1], for_s=calls[-1].for_s + TICK_S)
        worn_s += TICK_S
        quiet_s += TICK_S * quiet
        stopped_s += TICK_S * (quiet and bool(rule))
        before = rule
    return Night(person, programme, calls, quiet_s, stopped_s, worn_s, response_sd)


def measure(
    person: str,
    names: Sequence[str],
    keep: Path | None = None,
    responses: Sequence[float] = (0.0,),
    until_s: float = math.inf,
) -> list[Night]:
    """Sense one person and play every programme to them, answering to it in each way."""
    recording = read(recordings_folder() / "stress_predict" / person)
    configs = {name: config_of(name) for name in names}
    first = next(iter(configs.values()))
    if any((c.metrics, c.state) != (first.metrics, first.state) for c in configs.values()):
        raise SystemExit("A programme changes what is sensed: sense it apart.")
    course, tasks = sensed(recording, first, keep, until_s), tasks_of(person, recording)
    return [
        counted(person, name, played(course, config, response), tasks, response)
        for name, config in configs.items()
        for response in responses
    ]


def check(person: str, programme: str) -> str:
    """Replay end to end, and compare arousal and calls with those of the shared sensing."""
    path = recordings_folder() / "stress_predict" / person
    config, decisions = config_of(programme), list[Decision]()

    async def watch(session: Session) -> None:
        subscription = session.bus.subscribe(1 << 20)
        while True:
            await subscription.wait()
            decisions.extend(item for item in subscription.drain() if isinstance(item, Decision))

    with tempfile.TemporaryDirectory() as folder:
        plan = SessionPlan(config=config, sensors=(f"file:{path}",), out=Path(folder))
        SessionRunner(plan).run(watch)
    recording = read(path)
    ours, tasks = list(played(sensed(recording, config), config)), tasks_of(person, recording)
    pairs = list(zip(ours, decisions, strict=False))
    apart = sorted(abs(a.numbers["arousal"] - b.numbers["arousal"]) for a, b in pairs)
    shared, whole = (
        [f"{call.rule} {call.at_s:g} to {call.at_s + call.for_s:g} s" for call in night.calls]
        for night in (
            counted(person, programme, iter(ours), tasks),
            counted(person, programme, iter(decisions), tasks),
        )
    )
    return (
        f"{person} {programme}: {len(pairs)} ticks, arousal apart by {apart[len(apart) // 2]:.4f} "
        f"(median), {apart[int(0.99 * len(apart))]:.4f} (99 %); "
        f"calls {', '.join(shared) or 'none'}; end to end {', '.join(whole) or 'none'}"
    )


def table(figures: Figures, before: Figures | None) -> list[str]:
    """Return the table; with figures of before, "before -> now"."""

    def pair(show: str, programme: str, value: str) -> str:
        old = before.of(programme) if before is not None else []
        now = _said(show, figures.of(programme))
        return f"{_said(show, old)} -> {now}" if old else value or now

    people = len({night.person for night in figures.nights})
    head = ["programme", *(f"{rule} (calls)" for rule in RULES), "any [95 %]", "stops an hour",
            "quiet stopped", "worst"]  # fmt: skip
    rows = [head]
    for name in figures.titles:
        cells = [pair(show, name, "") for show in (*RULES, "any", "hourly", "stopped", "worst")]
        rows.append([name, *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
             for row in rows]  # fmt: skip
    return [f"{people} people who hear nothing: falsely called by rule (calls in all)", *lines]


def _said(what: str, nights: list[Night]) -> str:
    if what == "stopped":
        quiet_s = sum(night.quiet_s for night in nights)
        return f"{100 * sum(n.stopped_s for n in nights) / quiet_s:.1f} %" if quiet_s else "-"
    if what == "worst":
        return f"{100 * max(n.stopped_s / n.quiet_s for n in nights if n.quiet_s):.0f} %"
    if what == "hourly":
        worn_s = sum(night.worn_s for night in nights)
        return f"{3600 * sum(len(night.calls) for night in nights) / worn_s:.2f}" if worn_s else "-"
    calls = [[c for c in night.calls if what in ("any", c.rule)] for night in nights]
    people = sum(bool(each) for each in calls)
    if what != "any":
        return f"{people} ({sum(map(len, calls))})"
    low, high = wilson(people, len(nights))
    return f"{people} [{100 * low:.0f}, {100 * high:.0f} %]"


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share; all of it for nobody."""
    if not of:
        return 0.0, 1.0
    found = scipy.stats.binomtest(count, of).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def asked(figures: Figures) -> Iterator[tuple[str, bool]]:
    """Yield what a programme falls short of or meets: its line, and whether it is met."""
    for name in figures.titles:
        nights = figures.of(name)
        if nights[0].response_sd:
            continue  # the curve is the result: nothing is asked of it
        called = sum(any(c.rule == "paradox" for c in night.calls) for night in nights)
        share = sum(n.stopped_s for n in nights) / max(1.0, sum(n.quiet_s for n in nights))
        met = called <= max(1.0, _MOST_PARADOXICAL * len(nights)) and share <= _MOST_STOPPED
        yield f"{name}: {called} of {len(nights)} paradoxical, {100 * share:.1f} % stopped", met


def main() -> None:
    """Print the table; exit 1 when the stop rules are wrong too often."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programmes", nargs="+", default=[DEFAULT, *programmes()], metavar="NAME")
    parser.add_argument("--people", nargs="+", metavar="NAME", help="such as S05; else all")
    parser.add_argument("--responses", nargs="+", type=float, default=[0.0], metavar="SD")
    parser.add_argument("--quick", action="store_true", help="three people, 20 minutes")
    parser.add_argument("--jobs", type=int, default=1, help="processes, all of them niced")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="of what was sensed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--before", type=Path, metavar="FILE", help="figures to set beside")
    parser.add_argument("--calls", action="store_true", help="each call, and when")
    parser.add_argument("--check", metavar="PERSON", help="compare with a replay end to end")
    options = parser.parse_args()
    if not os.environ.get("BIOFEEDBACK_RECORDINGS"):
        print("Nothing measured: BIOFEEDBACK_RECORDINGS names no folder of recordings.")
        return
    folder = recordings_folder() / "stress_predict"
    people = options.people or sorted(path.name for path in folder.glob("S*") if path.is_dir())
    if not people:
        print(f"Nothing measured: no recordings of people in {folder}.")
        return
    if options.quick:
        people = [name for name in _QUICK_PEOPLE if name in people]
    os.nice(10)
    if options.check:
        for name in options.programmes:
            print(check(options.check, name), flush=True)
        return
    nights: list[Night] = []
    one = partial(
        measure,
        names=options.programmes,
        keep=options.keep,
        responses=options.responses,
        until_s=_QUICK_S if options.quick else math.inf,
    )
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for number, found in enumerate(pool.map(one, people), 1):
            nights += found
            print(f"{number} of {len(people)} people", file=sys.stderr, flush=True)
    figures = Figures(nights)
    old = msgspec.json.decode(options.before.read_bytes(), type=Figures) if options.before else None
    print("\n".join(table(figures, old)))
    if options.calls:
        for night in nights:
            for call in night.calls:
                where = "quiet" if call.quiet else "task"
                print(f"  {night.person} {night.programme}: {call.rule} at {call.at_s:.0f} s "
                      f"({where}), stopped for {call.for_s:.0f} s")  # fmt: skip
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
    results = list(asked(figures))
    for line, met in results:
        print(f"{'PASS ' if met else 'SHORT'} {line}")
    sys.exit(0 if all(met for _, met in results) else 1)


if __name__ == "__main__":
    main()
