"""What tests of whole sessions share: nobody at the screen, a header, and what the log has."""

from pathlib import Path

import msgspec

from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.runtime.session import Session

#: Of a session that a test builds by hand.
PLAIN_HEADER = lines.HeaderLine(
    t=0.0, seq=0, schema=lines.SCHEMA, versions={}, platform="",
    started_utc="2026-01-01T00:00:00+00:00", seed=1, mode="virtual", sensors=[], outputs=[],
    profile=None, simulated=True, baseline=msgspec.Raw(b"null"), config=msgspec.Raw(b"{}"),
)  # fmt: skip


async def nothing_to_watch(session: Session) -> None:
    return


def of_kind(folder: Path, kind: type) -> list[lines.Line]:
    return [line for _, line in read(folder) if isinstance(line, kind)]
