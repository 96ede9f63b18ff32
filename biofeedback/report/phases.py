"""What changed, when, why: thousands of decisions folded into a timeline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from biofeedback.record import lines
from biofeedback.report.session_data import SessionData
from biofeedback.report.words import clock, ending, rounded

__all__ = ["TimelineEvent", "events", "shortest_s"]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
#: Phases shorter than this, or than this share of the session, join the one before. Our choice.
_SHORTEST_S, _SHORTEST_SHARE = 4.0, 0.005


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One row of the timeline; `end_s` equals `start_s` for what happened at one moment.

    `kind` is phase, marker, command, sensor, clock or end.
    """

    start_s: float
    end_s: float
    kind: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Phase:
    template: str
    members: list[int]  #: indices of its decisions


def shortest_s(story: SessionData) -> float:
    """Return how long a phase must last to have a row of its own, in s."""
    return max(_SHORTEST_S, _SHORTEST_SHARE * story.duration_s)


def events(story: SessionData) -> list[TimelineEvent]:
    """Return the timeline in order of time."""
    found = [*_commands(story), *_sensors(story), *_clock(story), *_losses(story), *_phases(story)]
    end_s = story.duration_s
    found.append(TimelineEvent(end_s, end_s, "end", f"The session ended: {ending(story.end)}."))
    return sorted(found, key=lambda event: event.start_s)


def _phases(story: SessionData) -> list[TimelineEvent]:
    decisions, folded = story.decisions, _folded(story)
    starts_s = [float(decisions.times_s[phase.members[0]]) for phase in folded]
    ends_s = _ends_s(starts_s, story)
    found = []
    for phase, start_s, end_s in zip(folded, starts_s, ends_s, strict=True):
        members = phase.members
        tempo = _course(decisions.tempo_bpm[members].tolist(), 0)
        density = _course(decisions.density[members].tolist(), 1)
        what = _sentence([decisions.why[index] for index in members])
        music = f"Tempo {tempo}, density {density}.{_keys(story, start_s, end_s)}"
        found.append(TimelineEvent(start_s, end_s, "phase", what, music))
    return found


def _ends_s(starts_s: list[float], story: SessionData) -> list[float]:
    return [*starts_s[1:], story.duration_s][: len(starts_s)]


def _sentence(whys: list[str]) -> str:
    """Return the sentence of a phase, with the course of each number in it."""
    told = [*dict.fromkeys(whys), whys[-1]]  # each once: an hour says the same many times
    numbers = [_NUMBER.findall(why) for why in told]
    courses = iter(
        [
            _course([float(number) for number in column], len(column[0].partition(".")[2]))
            for column in zip(*numbers, strict=True)
        ]
    )
    return _NUMBER.sub(lambda _: next(courses), whys[0])


def _course(values: Sequence[float], places: int) -> str:
    """Return "first → last" for a number that went one way, "low to high" for one that did not."""
    first, last, low, high = (
        f"{value:.{places}f}" for value in (values[0], values[-1], min(values), max(values))
    )
    if low == high:
        return first
    slack = 0.2 * (max(values) - min(values))
    if min(values[0], values[-1]) <= min(values) + slack and (
        max(values[0], values[-1]) >= max(values) - slack
    ):
        return f"{first} → {last}"
    return f"{low} to {high}"


def _folded(story: SessionData) -> list[_Phase]:
    """Merge consecutive decisions of one kind; what is too short joins the phase before it."""
    times_s = story.decisions.times_s
    templates = {why: _NUMBER.sub("#", why) for why in set(story.decisions.why)}
    runs: list[_Phase] = []
    for index, why in enumerate(story.decisions.why):
        template = templates[why]
        if runs and runs[-1].template == template:
            runs[-1].members.append(index)
        else:
            runs.append(_Phase(template, [index]))
    starts_s = [float(times_s[run.members[0]]) for run in runs]
    ends_s = _ends_s(starts_s, story)
    folded: list[_Phase] = []
    for run, start_s, end_s in zip(runs, starts_s, ends_s, strict=True):
        if folded and folded[-1].template == run.template:
            folded[-1].members.extend(run.members)
        elif not folded or end_s - start_s >= shortest_s(story):
            folded.append(run)
    return folded


def _keys(story: SessionData, start_s: float, end_s: float) -> str:
    """Return the key at the start of a stretch, and its changes with their times."""
    first = story.keys[:1]
    before = [name for time_s, name in story.keys if time_s <= start_s]
    before += [name for time_s, name in first if start_s < time_s < end_s]
    changes = [(time_s, name) for time_s, name in story.keys[1:] if start_s < time_s < end_s]
    course = before[-1:] + [f"{name} ({clock(time_s)})" for time_s, name in changes]
    return f" Key {' → '.join(course)}." if course else ""


_COMMANDS = {
    "hold": "The music was asked to hold as it is.",
    "resume": "The music was asked to move again.",
    "stop": "The session was asked to stop.",
    "panic": "All notes were silenced.",
    "override": "The music was set by hand: {}.",
    "release": "The music was left to itself again.",
    "rating": "Rated {} of 10.",
    "note": "Note: {}",
    "adverse": "Adverse event: {}",
    "guess": "Guessed which arm of the trial it was: {}.",
}


def _commands(story: SessionData) -> list[TimelineEvent]:
    found = []
    for command in story.commands:
        if command.what == "marker":
            label = command.value.strip() or "without a name"
            found.append(TimelineEvent(command.at, command.at, "marker", f"Marker: {label}"))
        elif command.what in _COMMANDS and command.who != "session":
            by, what = f"by {command.who}", _COMMANDS[command.what].format(command.value)
            found.append(TimelineEvent(command.t, command.t, "command", what, by))
    return found


def _sensors(story: SessionData) -> list[TimelineEvent]:
    """Say what changed about each sensor: link, contact, and each fifth of its battery."""
    found = []
    known: dict[str, lines.StatusLine] = {}
    for line in story.statuses:
        before = known.get(line.source)
        parts = []
        if before is None or before.state != line.state:
            parts.append(_link(before, line))
        if line.contact is not None and (before is None or before.contact != line.contact):
            if not line.contact:
                parts.append("no skin contact")
            elif before is not None and before.contact is False:
                parts.append("skin contact is back")
        battery = line.battery_percent
        earlier = None if before is None else before.battery_percent
        if battery is not None and (earlier is None or battery // 20 != earlier // 20):
            parts.append(f"battery {battery} %")
        known[line.source] = line
        if parts:
            what = f"{line.source}: {', '.join(parts)}."
            found.append(TimelineEvent(line.t, line.t, "sensor", what, line.detail))
    return found


def _link(before: lines.StatusLine | None, line: lines.StatusLine) -> str:
    if line.state == "streaming" and before is not None and before.state != "streaming":
        return "delivers again" if before.state in ("lost", "searching") else "delivers"
    return {
        "searching": "is being searched",
        "connecting": "is connecting",
        "streaming": "delivers",
        "lost": "connection lost",
        "ended": "has ended",
    }.get(line.state, line.state)


def _clock(story: SessionData) -> list[TimelineEvent]:
    return [
        TimelineEvent(
            line.t, line.t, "clock",
            f"The computer's clock moved by {rounded(line.step_s)} s against the session.",
        )
        for line in story.clock_steps
    ]  # fmt: skip


def _losses(story: SessionData) -> list[TimelineEvent]:
    return [
        TimelineEvent(
            line.t, line.t, "log",
            f"{line.last - line.first + 1} lines of the log are missing here: "
            f"{lines.HOLES[line.why]}.",
        )
        for line in story.losses
    ]  # fmt: skip
