"""Whether the reasons that decisions name are their reasons.

python benchmarks/explanations.py [--quick]

Virtual listeners hear whole sessions in which they also lose the sensor, ask for a hold and a
tempo, and rate their distress. Then every decision that moved what has moved within the last 10 s
is made again from 10 s before, by the same code, with the cause that it names set to its neutral
value: a body that stays as it was, a plan that stands still, a wish that nobody had, a way, or a
return to the strategy, that is not taken, an event that never was. It counts as changed when the
move comes out different by a tenth of itself. Another cause, drawn at random, is set to neutral for
comparison. Holds must name the branch that was executed.
Simulated: proves the controller, not a benefit.
"""

import argparse
import copy
from collections import Counter, deque
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from biofeedback.config.loader import load
from biofeedback.control.base import ControlInput, ControlTarget, Decision
from biofeedback.control.build import build
from biofeedback.control.mapping import EVENTS
from biofeedback.control.music_controller import MusicController
from biofeedback.control.override import OverrideRequest
from biofeedback.engine.core import Core
from biofeedback.engine.factory import settings_of
from biofeedback.engine.inputs import Tick
from biofeedback.simulation.crowd import VirtualListener
from biofeedback.state.estimator import State
from biofeedback.storage.paths import configs_folder
from synth.styles.load import load as load_style

MINUTES, EVERY, WINDOW = 10, 4, 20  #: ticks between looks, and back to where each begins
HOLDS = ("held", "blind", "rest", "unseen", "lost")
#: What has an own neutral value; whatever else is named is a branch of the programme.
CAUSES = ("arousal", "plan", "breathing_rate", "heart_rate", "rmssd", "scr", "override", "stop")
PARAMETERS = ("tempo_bpm", "density", "dynamics", "register", "brightness", "tension",
              "articulation", "swing", "swell")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One tick as the steering saw it."""

    state: State
    held: bool
    readings: tuple[Any, ...]
    events: frozenset[str]
    phrase_start: bool
    wish: OverrideRequest | None = None
    distress: float | None = None


class Still:
    """A strategy whose plan stands still: no time passes in it."""

    follows_body = False
    finished = False

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Ask the strategy, without any time having passed."""
        return self._strategy.aim(replace(moment, dt_s=0.0))


class Content:
    """A strategy that wants what sounds already."""

    follows_body = False
    finished = False

    def __init__(self, steering: MusicController) -> None:
        last = steering._last
        self._aim = ControlTarget(
            steering._limiter.level, None, "", steering._limiter.tempo_bpm, last.swell
        )

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Want what sounds."""
        return self._aim


def listen(family: str, kind: str, seed: int, programme: str) -> tuple[Any, list[Asked]]:
    """Let a listener hear a session; return how to build its steering, and what it was asked."""
    config = load(programme, settings=["control.safety.paradox=false"])
    style = load_style(config.music.style, configs_folder() / "styles")
    listener = VirtualListener(family, kind, seed, config.music.style)
    known = listener.resting_baseline()
    core = Core(settings_of(config), style, seed, {"": known} if known else {})
    asked: list[Asked] = []
    steering = core._steering
    step = steering.step

    def noted(state: State, dt_s: float, **how: Any) -> Decision:
        index = len(asked)
        one = Asked(
            replace(state, confidence=0.05) if 500 <= index < 600 else state,
            360 <= index < 420, tuple(how["readings"]), frozenset(how["events"]), index % 32 == 0,
            OverrideRequest("tempo_bpm", 90.0, 60.0) if index == 240 else None,
            9.0 if index == 900 else 2.0 if index == 960 else None,
        )  # fmt: skip
        asked.append(one)
        return take(steering, one, step)

    core._steering.step = noted
    heard, seq = None, 0
    for second in range(1, 60 * MINUTES + 1):
        for sample in listener.step(heard):
            core.feed(seq, float(second), sample)
            seq += 1
        for index in (2 * second - 1, 2 * second):
            derived = core.feed(seq, index / 2, Tick(index))
            seq += 1
        heard = next(item for item in derived if isinstance(item, Decision)).params

    def fresh() -> MusicController:
        return build(config.control, config.music.palette, style.settings.home, config.phase)

    return fresh, asked


def take(steering: MusicController, one: Asked, step: Any = None) -> Decision:
    """Let a steering decide one tick."""
    if one.wish is not None:
        steering.wish(one.wish, "key", one.state.time_s)
    if one.distress is not None:
        steering.rate("distress", one.distress)
    return (step or steering.step)(
        one.state, 0.5, held=one.held, readings=one.readings, events=one.events,
        phrase_start=one.phrase_start,
    )  # fmt: skip


def again(start: MusicController, asked: list[Asked], cause: str) -> Decision:
    """Decide the window again with a cause at its neutral value; return its last decision."""
    steering = copy.deepcopy(start)
    ticks, first = list(asked), asked[0]
    if cause == "arousal":
        ticks = [replace(t, state=replace(t.state, arousal=first.state.arousal)) for t in ticks]
    elif cause == "plan":
        steering._course.strategy = Still(steering._course.strategy)
        steering._course.step = lambda moment: None  # nor does the programme go on
    elif cause == "override":
        steering.release("")
        ticks = [replace(t, wish=None) for t in ticks]
    elif cause == "stop":
        steering.resume()
        ticks = [replace(t, distress=None) for t in ticks]
    elif cause in CAUSES:
        before = {r.name: r for r in first.readings}
        ticks = [
            replace(
                t,
                readings=tuple(before[r.name] if r.name == cause else r for r in t.readings),
                events=t.events - {cause},
                state=replace(t.state, breaths_per_minute=first.state.breaths_per_minute)
                if cause == "breathing_rate" else t.state,
            )
            for t in ticks
        ]  # fmt: skip
        strategy = steering._course.strategy
        if cause in EVENTS and hasattr(strategy, "_pulses"):  # nor does an earlier one fade yet
            strategy._pulses.clear()
    else:  # a branch: the strategy wants what sounds, and none that comes wants another thing
        steering._course.strategy = Content(steering)
        steering._course.step = lambda moment: None
    for tick in ticks:
        decision = take(steering, tick)
    return decision


def values(decision: Decision) -> dict[str, float]:
    """Return the parameters that are numbers."""
    return {name: float(getattr(decision.params, name)) for name in PARAMETERS}


def examine(fresh: Any, asked: list[Asked], rng: Random, counts: Counter[str]) -> None:
    """Look at every few decisions of a session."""
    steering = fresh()
    before: deque[tuple[MusicController, Decision]] = deque(maxlen=WINDOW + 1)
    for index, one in enumerate(asked):
        snapshot = copy.deepcopy(steering) if index % EVERY == 0 else None
        decision = take(steering, one)
        before.append((snapshot, decision))
        if decision.cause in HOLDS and not decision.cause.startswith("stop"):
            counts["holds"] += 1
            counts["holds named"] += _held_right(decision, one)
        start = before[0][0]
        if len(before) <= WINDOW or start is None:
            continue
        window = asked[index - WINDOW : index + 1]
        was, now = values(before[0][1]), values(decision)
        last = values(before[-2][1])
        moved = {
            name
            for name in now
            if now[name] != last[name] and abs(now[name] - was[name]) > 0.01 * _span(name)
        }
        if not moved or decision.cause in HOLDS:
            continue
        cause = "stop" if decision.cause.startswith("stop") else decision.cause
        counts["moved"] += 1
        counts[f"moved by {cause}"] += 1
        if _differs(values(again(start, window, cause)), was, now, moved):
            counts["changed"] += 1
        else:
            counts[f"unchanged {cause}"] += 1
        other = rng.choice([name for name in CAUSES if name != cause])
        counts["changed by another"] += _differs(
            values(again(start, window, other)), was, now, moved
        )


def _held_right(decision: Decision, one: Asked) -> bool:
    if decision.cause == "held":
        return one.held and "hold" in decision.why
    weak = one.state.confidence < 0.35 and not one.held
    return weak and (decision.cause == "rest") == (one.state.phase == "rest")


def _span(name: str) -> float:
    return {"tempo_bpm": 50.0, "density": 3.0, "register": 0.7, "swing": 0.17}.get(name, 0.5)


def _differs(
    found: dict[str, float], was: dict[str, float], now: dict[str, float], moved: set[str]
) -> bool:
    return any(abs(found[n] - now[n]) > 0.1 * abs(now[n] - was[n]) for n in moved)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rng, counts = Random(7), Counter[str]()
    programmes = (None, "mirror", "breathing", "improvise", "settle")
    for programme in programmes:
        own: Counter[str] = Counter()
        for family in "ab":
            for seed in range(1 if quick else 4):
                examine(*listen(family, "responder", 40000 + seed, programme), rng, own)
        counts += own
        print(f"{programme or 'lead':10} {_line(own)}")
    print(f"{'all':10} {_line(counts)}")
    print({name: n for name, n in counts.items() if name.startswith(("moved by", "unchanged"))})


def _line(counts: Counter[str]) -> str:
    moved, holds = max(1, counts["moved"]), counts["holds"]
    return (
        f"{counts['moved']:5} moved; named cause changes {100 * counts['changed'] / moved:5.1f} %, "
        f"another {100 * counts['changed by another'] / moved:5.1f} %; "
        f"{counts['holds named']} of {holds} holds name their branch"
    )


if __name__ == "__main__":
    main()
