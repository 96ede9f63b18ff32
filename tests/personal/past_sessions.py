"""Sessions of the past, as few words as a claim needs."""

from __future__ import annotations

from biofeedback.personal.options import MusicOption
from biofeedback.personal.session_summary import (
    SessionSummary,
)


def past(fall: float = 0.2, number: int = 0, **more: object) -> SessionSummary:
    option = {k: more.pop(k) for k in ("style", "modes", "density", "strategy", "pacing")
              if k in more}  # fmt: skip
    facts = {"session": str(number), "started_utc": "", "hour": "day", "start": 0.6, **more}
    return SessionSummary(option=MusicOption(**option), fall=fall, **facts)  # type: ignore[arg-type]
