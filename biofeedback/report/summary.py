"""The session in a few plain sentences, made from its numbers; it never names a cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biofeedback.report.session_data import SessionData
from biofeedback.report.words import joined, length, rounded, share
from biofeedback.state.notes import NOTE_WORDS
from sensors.signals import Signal

__all__ = ["ArousalChange", "arousal_change", "followed_share", "heart_beats_left_out", "sentences"]

_HEART = {Signal.RR.value, Signal.HR.value, Signal.ECG.value, Signal.PPG.value}
#: Length of the stretches that are compared; shorter sessions compare their first and last third.
_STRETCH_S = 60.0
_FEWEST_TICKS = 20
_COUNTED = 0.15  #: confidence from which one of a group counts
_NOTED = 0.1  #: share of the time from which a note on the body is repeated
_TOGETHER = 0.05  #: synchrony from which the music says so


@dataclass(frozen=True, slots=True)
class ArousalChange:
    """Arousal at the start and end of the time that could be followed, with mean 90 % limits."""

    stretch_s: float
    first: float
    first_low: float
    first_high: float
    last: float
    last_low: float
    last_high: float

    @property
    def apart(self) -> bool:
        """Whether the two intervals do not overlap."""
        return self.first_low > self.last_high or self.last_low > self.first_high


def arousal_change(story: SessionData) -> ArousalChange | None:
    """Return how arousal moved; None when it could be followed for less than 10 s."""
    states = story.states
    usable = states.tracking & states.followed
    times_s = states.times_s[usable]
    if len(times_s) < _FEWEST_TICKS:
        return None
    stretch_s = min(_STRETCH_S, float(times_s[-1] - times_s[0]) / 3)
    early, late = times_s <= times_s[0] + stretch_s, times_s >= times_s[-1] - stretch_s
    first, last = (
        [float(np.mean(track[usable][part])) for track in (states.arousal, states.low, states.high)]
        for part in (early, late)
    )
    return ArousalChange(stretch_s, *first, *last)


def followed_share(story: SessionData) -> float:
    """Return the share of ticks at which the signal was good enough to follow; 0 without any."""
    followed = story.states.followed
    return float(followed.mean()) if len(followed) else 0.0


def heart_beats_left_out(story: SessionData) -> float | None:
    """Return the share of beats that metrics do not use, or None without beats."""
    return float(1.0 - story.beat_used.mean()) if len(story.beat_used) else None


def sentences(story: SessionData) -> list[str]:
    """Return four to eight sentences for the person who wore the sensors."""
    said = [_what_happened(story), *_group(story), *_arousal(story), *_body(story), *_music(story)]
    said += _direction(story)
    return [*said, *_signal(story), _limits(story)]


def _whose(story: SessionData) -> str:
    if story.header.simulated:
        return "the virtual listener's"
    return "the recorded person's" if story.replayed else "your"


def _what_happened(story: SessionData) -> str:
    aim = {
        "lead": "and tried to lead towards calm",
        "mirror": "and mirrored the body",
        "breathe": "and paced breathing",
        "fixed": "without following the body, as a comparison",
    }.get(story.setup.control.strategy, "")
    whom = (
        "to a virtual listener" if story.header.simulated
        else "to a recording of a person, who heard none of it" if story.replayed
        else "to you"
    )  # fmt: skip
    listened = "played" if story.setup.control.strategy == "fixed" else "listened"
    cut = "" if story.end is not None else " The session was cut short: its log has no end."
    text = f"For {length(story.duration_s)} the music {listened} {whom}"
    return f"{text}{', ' if whom.endswith('it') and aim else ' '}{aim}".rstrip() + f".{cut}"


def _group(story: SessionData) -> list[str]:
    """Return who made the music together and how alike their hearts moved; nothing for one."""
    group = story.setup.group
    if group is None:
        return []
    rule = {
        "leader": f"it followed {group.leader} alone",
        "synchrony": "it followed their mean, and opened as their hearts moved together",
    }.get(group.rule, "it followed their mean")
    each = []
    for name in group.wearers:
        known = story.metrics.get(f"{name}/arousal")
        sure = known.values[known.quality >= _COUNTED] if known is not None else ()
        each.append(f"{name} {np.nanmean(sure):.2f}" if len(sure) else f"{name} not known")
    said = [
        f"{joined(list(group.wearers))} made this music together: {rule}. What is said below of "
        f"one body is the group's. Arousal on average: {', '.join(each)}."
    ]
    together = story.metrics.get("synchrony")
    values = together.values[~np.isnan(together.values)] if together is not None else np.array([])
    if len(values):
        part = share(float(np.mean(values >= _TOGETHER)))
        said.append(
            f"Their hearts moved together more than chance would have it {part} of the time."
        )
    return said


def _arousal(story: SessionData) -> list[str]:
    change = arousal_change(story)
    if change is None:
        return ["There was too little usable signal to estimate arousal."]
    whose = _whose(story).capitalize() if story.header.simulated or story.replayed else "Your"
    stretch = "minute" if change.stretch_s == _STRETCH_S else f"{change.stretch_s:.0f} seconds"
    went = (
        f"{whose} arousal estimate went from {change.first:.2f} in the first {stretch} that could "
        f"be followed (likely {change.first_low:.2f} to {change.first_high:.2f}) to "
        f"{change.last:.2f} in the last (likely {change.last_low:.2f} to {change.last_high:.2f}); "
        "0.30 stands for rest, 1 for the most aroused. It was tested on acute stress in seated "
        "people, and says nothing of mental load."
    )
    sure = (
        "The two ranges do not overlap, so the estimate itself did change; this does not show "
        "that the music caused it."
        if change.apart
        else "The two ranges overlap, so it may not have changed at all; either way, this says "
        "nothing about what the music did."
    )
    return [went, sure]


def _body(story: SessionData) -> list[str]:
    parts = []
    for name, form in (
        ("heart_rate", "a heart rate of {} beats per minute"),
        ("rmssd", "a heart rate variability (RMSSD) of {} ms"),
        ("scl", "a skin conductance of {} µS"),
    ):
        series = story.metrics.get(name)
        if series is not None and np.isfinite(series.values).any():
            parts.append(form.format(rounded(float(np.nanmean(series.values)))))
    return [f"On average there was {joined(parts)}."] if parts else []


def _music(story: SessionData) -> list[str]:
    if not story.tempo:
        return []
    speeds = [bpm for _, bpm in story.tempo]
    low, high = f"{min(speeds):.0f}", f"{max(speeds):.0f}"
    tempo = f"kept {low}" if low == high else f"moved between {low} and {high}"
    changes = max(0, len(story.keys) - 1)
    key = (
        f"stayed in {story.keys[0][1]}" if story.keys and not changes
        else f"changed its key {'once' if changes == 1 else f'{changes} times'}, to end in "
        f"{story.keys[-1][1]}" if story.keys else "was not yet composed"
    )  # fmt: skip
    return [f"The music {tempo} beats per minute and {key}."]


def _direction(story: SessionData) -> list[str]:
    """Return whether slower is calmer for this listener; nothing where it was not tested."""
    found = story.decisions.direction
    if found is None:
        return []
    whom = "this listener" if story.header.simulated or story.replayed else "you"
    said = {
        "unsure": f"can't tell whether slower, sparser music calms {whom}, so it was not led below "
        "calm music that is the same for everybody. Most sessions end so",
        "follows": f"slower, sparser music calms {whom}, so the music led the way down",
        "opposes": f"slower, sparser music stirs {whom} up, so it went back to where it began",
    }[found.verdict]
    if not found.pairs:
        return [f"Direction: {said}; no pair of steps was complete."]
    pairs, fell = (
        "1 pair" if found.pairs == 1 else f"{found.pairs} pairs",
        found.total / found.pairs,
    )
    low, high = found.interval
    bounds = "too few for a 90 % interval"
    if np.isfinite(low) and np.isfinite(high):
        bounds = f"90 % interval {-high:+.2f} to {-low:+.2f}"
    return [
        f"Direction: {said}. In {pairs} of steps drawn by chance, earlier sessions included, "
        f"arousal changed by {-fell:+.2f} standard deviations of a rest while the music was a "
        f"small step lower ({bounds}); below 0 is calmer."
    ]


def _signal(story: SessionData) -> list[str]:
    if not len(story.states.times_s):
        return ["No signal was ever judged."]
    part = followed_share(story)
    said = f"The signal was good enough to follow for {share(part)} of the time"
    said += "." if part == 1.0 else "; in the rest the music held still or glided to neutral."
    troubles = []
    for name, signals in (("heart", _HEART), ("skin", {Signal.EDA.value})):
        lost_s = _covered_s([(g.start, g.end) for g in story.gaps if g.signal in signals])
        if lost_s > 0.0:
            troubles.append(f"the {name} signal had gaps of {length(lost_s)} in all")
    left_out = heart_beats_left_out(story)
    if left_out:
        troubles.append(f"{share(left_out)} of the heart beats were left out as unreliable")
    if troubles:
        text = joined(troubles)
        said += f" {text[0].upper()}{text[1:]}."
    return [" ".join([said, *_noted(story)])]


def _noted(story: SessionData) -> list[str]:
    """Return what was said of the body while it played, for as long as matters."""
    return [
        f"For {share(story.said[note])} of the time it was noted: {words[0].lower()}{words[1:]}"
        for note, words in NOTE_WORDS.items()
        if story.said.get(note, 0.0) >= _NOTED
    ]


def _limits(story: SessionData) -> str:
    if story.header.simulated:
        return (
            "Because the listener is a computer model, this shows that the control loop works and "
            "nothing about people."
        )
    if story.replayed:
        return "Since the person never heard this music, nothing here can be an effect of it."
    return (
        "One session cannot tell whether music helps: arousal also falls with time, with sitting "
        "still and by chance."
    )


def _covered_s(spans: list[tuple[float, float]]) -> float:
    """Return the time that spans cover together, counting overlaps once."""
    total, until = 0.0, -np.inf
    for start, end in sorted(spans):
        if end > until:
            total += end - max(start, until)
            until = end
    return float(total)
