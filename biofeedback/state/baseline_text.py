"""A stored rest in words: how old it is, and what makes it worth less."""

from __future__ import annotations

from datetime import datetime

import msgspec

from biofeedback.state.baseline import Baseline, BaselineSettings

__all__ = [
    "USUAL_REST_S",
    "age_in_words",
    "planned_rest_s",
    "rest_in_words",
    "stored_rest_in_words",
]

#: A shorter rest is weaker.
USUAL_REST_S = BaselineSettings().rest_s

_DAY_S = 86_400.0
#: Skin and fitness change within weeks; after so many days a new rest is worth its three minutes.
#: Our own choice.
_OLD_DAYS = 30


def age_in_words(learned_utc: str, now_utc: datetime) -> str:
    """Return how long ago that was, such as "3 days ago"; both times know their zone."""
    age_s = (now_utc - datetime.fromisoformat(learned_utc)).total_seconds()
    for seconds, unit in ((_DAY_S, "day"), (3600.0, "hour"), (60.0, "minute")):
        if (count := int(age_s // seconds)) >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def rest_in_words(baseline: Baseline, now_utc: datetime) -> str:
    """Return when the rest was learned and over how long, and why it is worth less, if it is."""
    learned_utc, length = baseline.learned_utc, f"over {baseline.rest_s:.0f} s"
    if learned_utc is None:
        return f"given with the session, {length}"
    parts = [f"learned {age_in_words(learned_utc, now_utc)} {length}"]
    if baseline.unrest:
        parts.append(f"{baseline.unrest}, so weaker: learn it anew with --rest-anew")
    elif baseline.weak:
        parts.append(f"shorter than {USUAL_REST_S:.0f} s, so weaker")
    if (now_utc - datetime.fromisoformat(learned_utc)).days > _OLD_DAYS:
        parts.append("old: learn it anew with --rest-anew")
    return "; ".join(parts)


class _State(msgspec.Struct, frozen=True):
    rest: BaselineSettings = BaselineSettings()


class _Config(msgspec.Struct, frozen=True):
    state: _State = _State()


def planned_rest_s(config: msgspec.Raw) -> float:
    """Return how long a rest the config of a log's header asks for, in s."""
    return msgspec.json.decode(config, type=_Config).state.rest.rest_s


def stored_rest_in_words(baseline: msgspec.Raw, now_utc: datetime) -> str:
    """Return the same of a stored baseline as a log's header holds it; "" without one."""
    try:
        stored = msgspec.json.decode(baseline, type=Baseline | None)
    except msgspec.ValidationError:  # a group's: by wearer
        each = msgspec.json.decode(baseline, type=dict[str, Baseline])
        return "; ".join(f"{name}: {rest_in_words(known, now_utc)}" for name, known in each.items())
    return "" if stored is None else rest_in_words(stored, now_utc)
