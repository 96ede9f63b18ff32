"""The full tier: a listener with a body, the real metrics, estimator, strategy and limits.

The core runs on its own grid in virtual time. There is no windowed worker, log, composer or sound:
listeners hear the parameters of the music at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from random import Random

from msgspec import structs

from biofeedback.config.styles import load_style
from biofeedback.control.base import Decision
from biofeedback.control.curves import Curves
from biofeedback.control.limits import Limits, Slew
from biofeedback.control.resonance import FOUND
from biofeedback.engine.core import Core, CoreSettings
from biofeedback.engine.inputs import Tick
from biofeedback.lab.base import LabCase, SessionCourse
from biofeedback.simulation.crowd import ListenerGroup
from biofeedback.state.baseline import Baseline
from biofeedback.state.estimator import State
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap
from synth.compose.style import Style
from synth.params import MusicParams

__all__ = ["run", "run_many", "run_together"]

_TICK_S = 0.5
_RANDOM_EVERY_S = 45.0
_MOVED = 1e-6
_COMPANY = 25  #: listeners who share a step of their minds: enough to make that step cheap


class RandomMusic:
    """Goes to another level every 45 s, whatever the body does: a condition to compare with."""

    def __init__(self, seed: int, curves: Curves, limits: Limits) -> None:
        self._rng = Random(f"{seed}/random music")
        self._curves = curves
        self._left_s = 0.0
        self._wanted = 0.3
        self._level = Slew(limits.neutral_level, limits.level_slew_per_s)

    def step(self) -> tuple[float, MusicParams]:
        """Let half a second pass; return the level and the music."""
        self._left_s -= _TICK_S
        if self._left_s <= 0.0:
            self._left_s, self._wanted = _RANDOM_EVERY_S, self._rng.random()
        level = self._level.toward(self._wanted, _TICK_S)
        return level, self._curves.params(level, self._curves.tempo_bpm(level))


class CourseRecorder:
    """Writes down what happens, second by second."""

    def __init__(self, case: LabCase, company: ListenerGroup, index: int) -> None:
        self._case = case
        self._company = company
        self._index = index
        self._rows: list[tuple[float, ...]] = []
        self._own = 60.0 * float(company.minds.breathing.rate_hz[index])
        self._upward = 0
        self._before: tuple[float, ...] | None = None
        self._stops: list[int] = []
        self._reasons: list[str] = []
        self._struck: list[int] = []
        self._paradox_s: int | None = None
        self.found = 0.0

    def tick(self, state: State, decision: Decision) -> None:
        """Look whether the music moves up while nobody sees the body."""
        now = (decision.numbers["level"], decision.params.tempo_bpm, decision.params.density)
        if state.confidence < self._case.config.control.limits.hold_below_confidence:
            pairs = zip(now, self._before or now, strict=True)
            self._upward += int(any(value > before + _MOVED for value, before in pairs))
        self._before = now

    def second(self, state: State, decision: Decision, level: float, music: MusicParams) -> None:
        """Note one second."""
        minds, index = self._company.minds, self._index
        pace = music.tempo_bpm / music.breath_beats if music.swell > 0.1 else 0.0
        row = (
            float(minds.arousal[index]), state.arousal, state.confidence, level,
            music.tempo_bpm, pace,
            60.0 * float(minds.breathing.rate_hz[index]), float(minds.breathing.captured[index]),
        )  # fmt: skip
        self._rows.append(row)
        if self._company.struck[index]:
            self._struck.append(len(self._rows))
        if decision.cause.startswith("stop:"):
            self._stops.append(len(self._rows))
            if decision.cause == "stop:paradox" and self._paradox_s is None:
                self._paradox_s = len(self._rows)
            if decision.why not in self._reasons[-1:]:
                self._reasons.append(decision.why)

    def result(self) -> SessionCourse:
        """Return the course so far."""
        arousal, estimate, confidence, level, tempo_bpm, pace, breaths, captured = (
            list(column) for column in zip(*self._rows, strict=True)
        )
        return SessionCourse(
            case=self._case,
            arousal=arousal,
            estimate=estimate,
            confidence=confidence,
            level=level,
            tempo_bpm=tempo_bpm,
            pace=pace,
            breaths=breaths,
            captured=captured,
            own_breaths=self._own,
            resonance=60.0 * self._company.wearers[self._index].resonance_hz,
            paradox_s=self._paradox_s,
            found=self.found,
            upward=self._upward,
            stops=self._stops,
            reasons=self._reasons,
            struck=self._struck,
        )


class LabSession:
    """One listener's session: the core that hears the body, and the music that it gives back."""

    def __init__(self, case: LabCase, company: ListenerGroup, index: int) -> None:
        config = case.config
        style = load_style(config.music.style)
        rate_hz = float(company.minds.breathing.rate_hz[index])
        self._case = case
        self._core = _core(case, style, company.wearers[index].resting_baseline(rate_hz))
        self._recorder = CourseRecorder(case, company, index)
        neutral = config.control.limits.neutral_level
        curves = Curves(config.music.palette, style.settings.home, neutral)
        limits = config.control.limits
        self._chance = RandomMusic(case.seed, curves, limits) if case.strategy == "random" else None
        self._seq = 0

    def second(self, second: int, samples: list[Chunk | Gap | SensorStatus]) -> MusicParams:
        """Take in what came during a second; return the music from now on."""
        for sample in samples:
            self._core.feed(self._seq, float(second), sample)
            self._seq += 1
        for index in (2 * second - 1, 2 * second):
            derived = self._core.feed(self._seq, index / 2, Tick(index))
            self._seq += 1
            chance = self._chance.step() if self._chance else None
            state = next(item for item in derived if isinstance(item, State))
            decision = next(item for item in derived if isinstance(item, Decision))
            self._recorder.tick(state, decision)
        level, heard = decision.numbers["level"], decision.params
        if chance:
            level, heard = chance
        self._recorder.second(state, decision, level, heard)
        return heard

    def course(self) -> SessionCourse:
        """Return the session as it went."""
        self._recorder.found = self._core.found.get(FOUND, 0.0)
        return self._recorder.result()


def run(case: LabCase) -> SessionCourse:
    """Let one listener hear one session."""
    return run_together([case])[0]


def run_together(cases: Sequence[LabCase]) -> list[SessionCourse]:
    """Let listeners of one family hear sessions of one length, second by second side by side."""
    company = ListenerGroup(
        cases[0].family,
        [case.kind for case in cases],
        [case.seed for case in cases],
        [case.config.music.style for case in cases],
    )
    sessions = [LabSession(case, company, index) for index, case in enumerate(cases)]
    heard: list[MusicParams | None] = [None] * len(cases)
    for second in range(1, round(60 * cases[0].minutes) + 1):
        arrived = company.step(heard)
        heard = [
            session.second(second, sent) for session, sent in zip(sessions, arrived, strict=True)
        ]
    return [session.course() for session in sessions]


def run_many(cases: Iterable[LabCase], processes: int) -> Iterator[SessionCourse]:
    """Run cases, companies side by side; courses come in the order of the cases."""
    companies = [
        list(company)
        for _, group in groupby(cases, key=lambda case: (case.family, case.minutes))
        for company in _batches(group)
    ]
    if processes <= 1:
        yield from chain.from_iterable(map(run_together, companies))
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Spawned, not forked: the parent may hold threads.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from chain.from_iterable(pool.map(run_together, companies))


def _batches(cases: Iterator[LabCase]) -> Iterator[list[LabCase]]:
    while batch := list(islice(cases, _COMPANY)):
        yield batch


def _core(case: LabCase, style: Style, baseline: Baseline | None) -> Core:
    config = case.config
    control = config.control
    match case.strategy:
        case "random":
            control = structs.replace(control, strategy="fixed")
        case "six":
            fixed = structs.replace(control.fixed, breaths_per_minute=6.0)
            control = structs.replace(control, strategy="fixed", fixed=fixed)
        case name:
            control = structs.replace(control, strategy=name)
    settings = CoreSettings(
        metrics=config.metrics,
        state=config.state,
        control=control,
        palette=config.music.palette,
    )
    return Core(settings, style, case.seed, {"": baseline} if baseline else {})
