"""Whose sessions lead the yoked arm: recorded ones, or virtual listeners in the lab."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from biofeedback.common.errors import TrialError
from biofeedback.control.yoked import YokedSettings
from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.trials.folder import ANSWERS, BLOCK
from biofeedback.trials.protocol import Protocol
from synth.params import MusicParams

__all__ = ["recorded", "simulated"]

_EVERY_S = 2.0


def recorded(session: Path, seconds: float) -> YokedSettings:
    """Return how the music moved in a session's log: in its block, or from its beginning.

    Raises `TrialError` when it is shorter than a block.
    """
    decisions = [line for _, line in read(session) if isinstance(line, lines.DecisionLine)]
    decisions = [line for line in decisions if line.phase == BLOCK] or decisions
    begin_s = decisions[0].t if decisions else 0.0
    if not decisions or decisions[-1].t - begin_s < seconds - 2.0 * _EVERY_S:
        raise TrialError(
            f"{session} is shorter than a block, so it can't lead one",
            hint=f"Give sessions of at least {seconds / 60:g} minutes.",
        )
    moments = (
        (line.t - begin_s, line.numbers.get("level", 0.3), line.params) for line in decisions
    )
    return _stream([moment for moment in moments if moment[0] <= seconds])


def simulated(protocol: Protocol, seeds: Sequence[int]) -> list[YokedSettings]:
    """Return how the music of the adaptive arm moves in a block of a virtual responder's.

    The real core runs in virtual time, the silence before the block included; one listener for
    each seed.
    """
    return [_simulated(protocol, seed, "ab"[place % 2]) for place, seed in enumerate(seeds)]


def _simulated(protocol: Protocol, seed: int, family: str) -> YokedSettings:
    from biofeedback.config.styles import load_style
    from biofeedback.control.base import Decision
    from biofeedback.engine.core import Core
    from biofeedback.engine.factory import settings_of
    from biofeedback.engine.inputs import Tick
    from biofeedback.simulation.crowd import VirtualListener, family_of
    from biofeedback.trials.arms import session

    config = session(protocol, {"strategy": protocol.adaptive})
    listener = VirtualListener(family_of(family), "responder", seed, protocol.style)
    style = load_style(config.music.style)
    rest = listener.resting_baseline() if protocol.adaptive == "lead" else None
    core = Core(settings_of(config), style, seed, {"": rest} if rest else {})
    heard: MusicParams | None = None
    moments: list[tuple[float, float, MusicParams]] = []
    seq = second = 0
    phase = ""
    while phase != ANSWERS:
        second += 1
        for sample in listener.step(heard):
            core.feed(seq, float(second), sample)
            seq += 1
        for index in (2 * second - 1, 2 * second):
            derived = core.feed(seq, index / 2, Tick(index))
            seq += 1
            decision = next(item for item in derived if isinstance(item, Decision))
            heard, phase = decision.params, decision.phase
            if phase == BLOCK:
                moments.append((len(moments) / 2, decision.numbers["level"], heard))
    return _stream(moments)


def _stream(
    moments: Sequence[tuple[float, float, MusicParams | lines.ParamsItem]],
) -> YokedSettings:
    """Return the stream of moments: time in s from the beginning, level, and the music."""
    rows: list[tuple[float, MusicParams | lines.ParamsItem]] = []
    pauses: list[tuple[float, float]] = []
    for at_s, level, music in moments:
        if at_s >= len(rows) * _EVERY_S:
            rows.append((min(1.0, max(0.0, level)), music))
        if music.rest:
            joined = pauses and at_s <= pauses[-1][1] + 0.1
            start = pauses.pop()[0] if joined else at_s
            pauses.append((round(start, 1), round(at_s + 0.5, 1)))
    return YokedSettings(
        every_s=_EVERY_S,
        level=tuple(round(level, 3) for level, _ in rows),
        tempo_bpm=tuple(round(music.tempo_bpm, 2) for _, music in rows),
        breath_beats=tuple(music.breath_beats for _, music in rows),
        swell=tuple(round(min(1.0, music.swell), 3) for _, music in rows),
        pauses=tuple(pauses),
    )
