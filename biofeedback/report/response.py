"""What arousal did while the music was as it was: associations in one session, with intervals.

The session is cut into stretches of a minute in which the signal could be followed. For each there
is the change of arousal within it, and each quality of the music as it began: during it the music
follows the change. A regression of the change on that quality and on where arousal began, which it
tends back to, gives the slope. Neighbouring stretches are alike, so the interval is widened by the
effective sample size n (1 - r) / (1 + r) of the residuals (Bayley and Hammersley 1946). The music
follows arousal, so nothing here can tell cause from effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from biofeedback.report.html import note, section, table
from biofeedback.report.session_data import SessionData
from sensors.signals import FloatArray

__all__ = ["Association", "associations", "response"]

_STRETCH_S = 60.0
_BEFORE_S = 5.0  #: the music of a stretch is what was played so near its beginning
_FEWEST = 10  #: stretches, for three coefficients and a variance
_LEAST_SHARE = 0.8  #: of a stretch must be followed
_MODES = ("phrygian", "aeolian", "dorian", "mixolydian", "ionian", "lydian")
#: quality of the music -> (what a step of it is called, size of the step)
_STEPS = {
    "tempo": ("10 beats per minute faster", 10.0),
    "key": ("a mode one step brighter", 1.0),
    "density": ("one note per beat more", 1.0),
}


@dataclass(frozen=True, slots=True)
class Association:
    """How much more arousal changed in a minute for a step of a quality, with a 95 % interval.

    `why_not` says why there is no number; then the others are NaN.
    """

    quality: str
    step: str
    stretches: int
    slope: float = math.nan
    low: float = math.nan
    high: float = math.nan
    why_not: str = ""

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.why_not and (self.low > 0.0 or self.high < 0.0)


def associations(story: SessionData) -> list[Association]:
    """Return one for tempo, key and density, whatever could be found."""
    starts, changes, music = _stretches(story)
    found = []
    for place, (quality, (step, size)) in enumerate(_STEPS.items()):
        values = music[:, place] / size
        if len(changes) < _FEWEST:
            why_not = f"{len(changes)} minutes could be used, and {_FEWEST} are needed"
        elif float(np.std(values)) < 0.1:
            why_not = "it hardly changed"
        else:
            found.append(_fitted(quality, step, starts, changes, values))
            continue
        found.append(Association(quality, step, len(changes), why_not=why_not))
    return found


def response(story: SessionData) -> list[str]:
    """Return the section of the report."""
    if story.replayed:
        text = "The recorded person never heard this music, so there is no response to show."
        return section("Response to the music", [note(text)])
    found = associations(story)
    rows = [(item.quality.capitalize(), item.step, _number(item), _verdict(item)) for item in found]
    style = story.setup.music.style or "one style"
    rows.append(("Style", "another style", "–", f"Can't tell: only {style} was played"))
    head = ("Quality", "A step of it", "Arousal, more change per minute", "What it says")
    texts = [
        "Each row compares the minutes of this session: how arousal moved in them, and how the "
        "music was. Where arousal stood at the start of the minute is allowed for. In brackets "
        "the 95 % interval.",
        "What can't be concluded: that the music did it. The music follows arousal, both change "
        "with time, and three comparisons are made at once. Only sessions in which chance chose "
        "the music can tell.",
    ]
    return section(
        "Response to the music",
        [*table("Response to the music", head, rows), *(note(text) for text in texts)],
    )


def _number(item: Association) -> str:
    if item.why_not:
        return "–"
    return f"{item.slope:+.3f} ({item.low:+.3f} to {item.high:+.3f})"


def _verdict(item: Association) -> str:
    if item.why_not:
        return f"Can't tell: {item.why_not}"
    if not item.clear:
        return f"Can't tell: the interval holds 0 ({item.stretches} minutes)"
    direction = "up" if item.slope > 0 else "down"
    return f"Went with arousal moving {direction} ({item.stretches} minutes)"


def _stretches(story: SessionData) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return arousal at the start of each stretch, its change, and tempo, key, density (n, 3)."""
    states, decisions = story.states, story.decisions
    usable = states.followed & states.tracking
    modes = np.array(
        [_MODES.index(key.split(" ")[-1]) if key.split(" ")[-1] in _MODES else math.nan
         for key in decisions.keys]
    )  # fmt: skip
    starts: list[float] = []
    changes: list[float] = []
    music: list[list[float]] = []
    for begin_s in np.arange(0.0, story.duration_s - _STRETCH_S, _STRETCH_S):
        inside = slice(*np.searchsorted(states.times_s, (begin_s, begin_s + _STRETCH_S)))
        played = slice(
            np.searchsorted(decisions.times_s, begin_s - _BEFORE_S),
            np.searchsorted(decisions.times_s, begin_s + _BEFORE_S, side="right"),
        )
        known = usable[inside]
        if played.start == played.stop or known.sum() < _LEAST_SHARE * max(1, len(known)):
            continue
        arousal = states.arousal[inside][known]
        edge = max(1, len(arousal) // 6)
        first, last = float(arousal[:edge].mean()), float(arousal[-edge:].mean())
        starts.append(first)
        changes.append(last - first)
        music.append(
            [float(np.mean(decisions.tempo_bpm[played])), float(np.nanmean(modes[played])),
             float(np.mean(decisions.density[played]))]
        )  # fmt: skip
    return np.array(starts), np.array(changes), np.array(music).reshape(-1, len(_STEPS))


def _fitted(
    quality: str, step: str, starts: FloatArray, changes: FloatArray, values: FloatArray
) -> Association:
    from scipy.stats import t as student

    design = np.column_stack((np.ones(len(changes)), values, starts))
    if np.linalg.matrix_rank(design) < design.shape[1] or np.linalg.cond(design) > 1e6:
        why_not = "it moved with arousal itself, so the two cannot be parted"
        return Association(quality, step, len(changes), why_not=why_not)
    weights, *_ = np.linalg.lstsq(design, changes, rcond=None)
    rest = changes - design @ weights
    freedom = len(changes) - design.shape[1]
    inverse = np.linalg.inv(design.T @ design)
    error = math.sqrt(float(rest @ rest) / freedom * inverse[1, 1])
    spread = float(rest @ rest)
    alike = float(rest[1:] @ rest[:-1]) / spread if spread > 0 else 0.0
    alike = min(0.9, max(0.0, alike))
    widened = error * math.sqrt((1.0 + alike) / (1.0 - alike))
    half = float(student.ppf(0.975, freedom)) * widened
    slope = float(weights[1])
    return Association(quality, step, len(changes), slope, slope - half, slope + half)
