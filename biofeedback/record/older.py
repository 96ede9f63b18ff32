"""Lines of older logs as lines of today; what a schema changed stands here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Union, get_args

import msgspec

from biofeedback.record import lines
from biofeedback.record.derived import params_item
from synth.params import MusicParams

__all__ = ["decoder"]


class _Reading2(msgspec.Struct, frozen=True):
    name: str
    value: float | None
    unit: str
    window_s: float
    time_s: float
    quality: float
    coverage: float


class _ReadingLine2(msgspec.Struct, frozen=True, tag_field="kind", tag="reading", kw_only=True):
    """Until schema 2 each metric was an object."""

    t: float
    seq: int
    readings: list[_Reading2]

    def today(self) -> lines.ReadingLine:
        readings = [lines.ReadingItem(*msgspec.structs.astuple(item)) for item in self.readings]
        return lines.ReadingLine(t=self.t, seq=self.seq, readings=readings)


class _DecisionLine2(msgspec.Struct, frozen=True, tag_field="kind", tag="decision", kw_only=True):
    """Until schema 2 the parameters were an object."""

    t: float
    seq: int
    strategy: str
    setpoint: float | None
    params: MusicParams
    why: str
    numbers: dict[str, float]

    def today(self) -> lines.DecisionLine:
        fields = msgspec.structs.asdict(self) | {"params": params_item(self.params)}
        return lines.DecisionLine(**fields)


_SAME = tuple(
    kind for kind in get_args(lines.Line) if kind not in (lines.ReadingLine, lines.DecisionLine)
)
_UNTIL_2: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    Union[(*_SAME, _ReadingLine2, _DecisionLine2)]
)
_TODAY: msgspec.json.Decoder[lines.Line] = msgspec.json.Decoder(lines.Line)


def decoder(schema: int) -> Callable[[bytes], lines.Line]:
    """Return what reads the lines of a log of this schema.

    Parameters
    ----------
    schema
        From 1 on.

    Returns
    -------
    Callable[[bytes], lines.Line]
        Takes a line without its line break; raises `msgspec.DecodeError` for what is none.
    """
    return _TODAY.decode if schema >= 3 else _of_schema_2


def _of_schema_2(raw: bytes) -> lines.Line:
    line: lines.Line | _ReadingLine2 | _DecisionLine2 = _UNTIL_2.decode(raw)
    return line.today() if isinstance(line, _ReadingLine2 | _DecisionLine2) else line
