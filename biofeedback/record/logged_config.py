"""What is told of a session's config, whichever version wrote it; all of it only that one knows."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from biofeedback.state.baseline import Baseline, BaselineSettings

__all__ = ["LoggedConfig", "stored_baselines"]

_Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class _Limits(msgspec.Struct, frozen=True):
    hold_below_confidence: _Share = 0.25
    follow_above_confidence: _Share = 0.35


class _Breathe(msgspec.Struct, frozen=True):
    share_of_own: float = 0.75


class _Control(msgspec.Struct, frozen=True):
    strategy: str = ""
    limits: _Limits = _Limits()
    breathe: _Breathe = _Breathe()


class _Palette(msgspec.Struct, frozen=True):
    modes: str = "wander"
    density_calm: float = 0.6


class _Music(msgspec.Struct, frozen=True):
    style: str = ""
    palette: _Palette = _Palette()


class _Phase(msgspec.Struct, frozen=True):
    strategy: str = ""
    breathe: _Breathe | None = None


class _Group(msgspec.Struct, frozen=True):
    wearers: tuple[str, ...] = ()
    rule: str = "mean"
    leader: str = ""


class _State(msgspec.Struct, frozen=True):
    rest: BaselineSettings = BaselineSettings()


class LoggedConfig(msgspec.Struct, frozen=True):
    """The part of a session's config that lists, tables, the report and the learner speak of."""

    title: str = ""  #: of the programme
    state: _State = _State()  #: how long the rest is
    control: _Control = _Control()  #: strategy and its limits
    music: _Music = _Music()  #: style and palette
    phase: tuple[_Phase, ...] = ()  #: of the programme, in order
    group: _Group | None = None  #: None for a single listener


def stored_baselines(raw: msgspec.Raw, *, of_a_group: bool) -> dict[str, Baseline]:
    """Return the resting values that a log's header holds.

    Parameters
    ----------
    raw
        As it holds them.
    of_a_group
        Whether they are several people's.

    Returns
    -------
    dict[str, Baseline]
        By wearer; a single listener's under "".

    Raises
    ------
    msgspec.DecodeError
        For anything else.
    """
    if of_a_group:
        return msgspec.json.decode(raw, type=dict[str, Baseline])
    known = msgspec.json.decode(raw, type=Baseline | None)
    return {} if known is None else {"": known}
