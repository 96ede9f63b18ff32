"""The full tier: a listener with a body, the real metrics, estimator, strategy and limits.

The core runs on its own grid in virtual time. There is no windowed worker, log, composer or sound:
listeners hear the parameters of the music at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from msgspec import structs

from biofeedback.config import configs_folder
from biofeedback.control.base import Decision
from biofeedback.control.curves import Curves
from biofeedback.control.limits import Slew
from biofeedback.control.steering import Limits
from biofeedback.core import Core, CoreSettings
from biofeedback.inputs import Tick
from biofeedback.lab.base import Case, Course
from biofeedback.simulation.crowd import VirtualListener
from biofeedback.simulation.heard import BEATS_PER_BREATH
from biofeedback.state.estimator import State
from synth.params import MusicParams
from synth.styles.base import Style
from synth.styles.load import load as load_style

__all__ = ["run", "run_many"]

_TICK_S = 0.5
_RANDOM_EVERY_S = 45.0
_MOVED = 1e-6


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


class Recorder:
    """Writes down what happens, second by second."""

    def __init__(self, case: Case, listener: VirtualListener) -> None:
        self._case = case
        self._listener = listener
        self._rows: list[tuple[float, ...]] = []
        self._own = 60.0 * float(listener.minds.breathing.rate_hz[0])
        self._upward = 0
        self._before: tuple[float, ...] | None = None
        self._stops: list[int] = []
        self._reasons: list[str] = []

    def tick(self, state: State, decision: Decision) -> None:
        """Look whether the music moves up while nobody sees the body."""
        now = (decision.numbers["level"], decision.params.tempo_bpm, decision.params.density)
        if state.confidence < self._case.config.control.limits.hold_below_confidence:
            pairs = zip(now, self._before or now, strict=True)
            self._upward += int(any(value > before + _MOVED for value, before in pairs))
        self._before = now

    def second(self, state: State, decision: Decision, level: float, music: MusicParams) -> None:
        """Note one second."""
        breathing = self._listener.minds.breathing
        pace = music.tempo_bpm / BEATS_PER_BREATH if music.swell > 0.1 else 0.0
        row = (
            self._listener.arousal, state.arousal, state.confidence, level, music.tempo_bpm, pace,
            60.0 * float(breathing.rate_hz[0]), float(breathing.captured[0]),
        )  # fmt: skip
        self._rows.append(row)
        if is_stop(decision):
            self._stops.append(len(self._rows))
            if decision.why not in self._reasons[-1:]:
                self._reasons.append(decision.why)

    def result(self) -> Course:
        """Return the course so far."""
        arousal, estimate, confidence, level, tempo_bpm, pace, breaths, captured = (
            list(column) for column in zip(*self._rows, strict=True)
        )
        return Course(
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
            resonance=60.0 * self._listener.resonance_hz,
            upward=self._upward,
            stops=self._stops,
            reasons=self._reasons,
        )


def run(case: Case) -> Course:
    """Let one listener hear one session."""
    config = case.config
    style = load_style(config.music.style, configs_folder() / "styles")
    listener = VirtualListener(case.family, case.kind, case.seed, config.music.style)
    core = _core(case, style, listener)
    recorder = Recorder(case, listener)
    curves = Curves(config.music.palette, style.settings.home, config.control.limits.neutral_level)
    chance = RandomMusic(case.seed, curves, config.control.limits)
    heard: MusicParams | None = None
    seq = 0
    for second in range(1, round(60 * case.minutes) + 1):
        for sample in listener.advance(heard):
            core.feed(seq, float(second), sample)
            seq += 1
        for index in (2 * second - 1, 2 * second):
            derived = core.feed(seq, index / 2, Tick(index))
            seq += 1
            random_level, random_music = chance.step()
            state = next(item for item in derived if isinstance(item, State))
            decision = next(item for item in derived if isinstance(item, Decision))
            recorder.tick(state, decision)
        level, heard = decision.numbers["level"], decision.params
        if case.strategy == "random":
            level, heard = random_level, random_music
        recorder.second(state, decision, level, heard)
    return recorder.result()


def run_many(cases: Iterable[Case], processes: int) -> Iterator[Course]:
    """Run cases side by side; courses come in the order of the cases."""
    if processes <= 1:
        yield from map(run, cases)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Spawned, not forked: the parent may hold threads.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(run, cases, chunksize=4)


def _core(case: Case, style: Style, listener: VirtualListener) -> Core:
    config = case.config
    strategy = "fixed" if case.strategy == "random" else case.strategy
    settings = CoreSettings(
        metrics=config.metrics,
        state=config.state,
        control=structs.replace(config.control, strategy=strategy),
        palette=config.music.palette,
    )
    return Core(settings, style, case.seed, listener.resting_baseline())


def is_stop(decision: Decision) -> bool:
    """Whether a stop rule was at work."""
    return decision.cause.startswith("stop")
