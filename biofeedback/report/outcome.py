"""What the learner needs of a session, taken from its log."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from biofeedback.personal.options import MusicOption
from biofeedback.personal.session_summary import SessionSummary, hour_of
from biofeedback.report.session_data import SessionData

__all__ = ["outcome"]

_FIRST_S, _LAST_S, _SHORTEST_S = 60.0, 120.0, 240.0
_LASTING_FROM_S = 120.0
_BREATHS_S = 120.0
_LEAST_SHARE = 0.5  #: of the session must have been followed
_FEWEST, _FEWEST_BREATHS = 20, 20
_GOOD = 0.3
#: Ratios of density that are called so; between them it is the usual one.
_SPARSE, _FULL = 0.5, 0.7


def outcome(story: SessionData) -> SessionSummary | str:
    """Return what a session did, or in words why it says nothing to the learner."""
    if story.replayed and not story.header.simulated:
        return "a replay, whose person heard nothing"
    option = _option(story)
    if option is None:
        return "it neither led nor paced the breath"
    if any(said.what == "override" and said.value.startswith("style") for said in story.commands):
        return "another style was asked for while it played"
    states = story.states
    usable = states.tracking & states.followed
    times_s = states.times_s[usable]
    if len(times_s) < _FEWEST or times_s[-1] - times_s[0] < _SHORTEST_S:
        return "too short, or too little signal"
    if len(times_s) < _LEAST_SHARE * np.sum(states.times_s >= times_s[0]):
        return "too little signal"
    first = times_s <= times_s[0] + _FIRST_S
    last = times_s >= times_s[-1] - _LAST_S
    if min(first.sum(), last.sum()) < _FEWEST:
        return "too little signal"
    arousal, sure = states.arousal[usable], states.confidence[usable]
    start = float(arousal[first].mean())
    began = datetime.fromisoformat(story.header.started_utc)
    return SessionSummary(
        session=story.folder.name,
        started_utc=story.header.started_utc,
        hour=hour_of(began.astimezone().hour),
        option=option,
        start=start,
        fall=start - float(arousal[last].mean()),
        lasting=start - float(arousal[times_s >= times_s[0] + _LASTING_FROM_S].mean()),
        breath_fall=_breath_fall(story, float(times_s[0]), float(times_s[-1])),
        rated=_rated(story),
        quality=float(np.clip(0.5 * (sure[first].mean() + sure[last].mean()), 0.05, 1.0)),
        simulated=story.header.simulated,
        chosen=bytes(story.header.chosen) != b"null",
    )


def _option(story: SessionData) -> MusicOption | None:
    config = story.setup
    strategies = [phase.strategy for phase in config.phase] or [config.control.strategy]
    strategy = next((name for name in ("breathe", "lead") if name in strategies), None)
    if strategy is None:
        return None
    palette, pacing = config.music.palette, ""
    if strategy == "breathe":
        own = [phase.breathe for phase in config.phase if phase.breathe is not None]
        share = (own[0] if own else config.control.breathe).share_of_own
        pacing = "0.85" if share > 0.8 else "0.75"
    calm = palette.density_calm
    density = "sparse" if calm < _SPARSE else "full" if calm > _FULL else "usual"
    return MusicOption(
        style=config.music.style, modes=palette.modes, density=density, strategy=strategy,
        pacing=pacing,
    )  # fmt: skip


def _breath_fall(story: SessionData, first_s: float, last_s: float) -> float | None:
    series = story.metrics.get("breathing_rate")
    if series is None:
        return None
    good = np.isfinite(series.values) & (series.quality >= _GOOD)
    early = good & (series.times_s >= first_s) & (series.times_s <= first_s + _BREATHS_S)
    late = good & (series.times_s <= last_s) & (series.times_s >= last_s - _BREATHS_S)
    if min(early.sum(), late.sum()) < _FEWEST_BREATHS:
        return None
    return float(np.median(series.values[early]) - np.median(series.values[late]))


def _rated(story: SessionData) -> float | None:
    """Return what the person said: how it changed, or where it stands when said once."""
    said: list[float] = []
    for scale, sign in (("relaxation", 1.0), ("distress", -1.0)):
        values = [
            float(command.value.partition("=")[2])
            for command in story.commands
            if command.what == "rating" and command.value.partition("=")[0].strip() == scale
        ]
        if len(values) > 1:
            said.append(sign * (values[-1] - values[0]) / 5.0)
        elif values and scale == "relaxation":
            said.append((values[0] - 5.0) / 5.0)
    return float(np.clip(np.mean(said), -1.0, 1.0)) if said else None
