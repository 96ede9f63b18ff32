"""One person's part of a group's session: what their own sensors sent, and what was found in it.

The music and the state were made of all of them, and the others' bodies are not theirs to take.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from biofeedback.group.settings import MARK, wearer_of
from biofeedback.record import lines
from biofeedback.record.line import encode
from biofeedback.record.neutral import neutral
from biofeedback.record.reader import read

__all__ = ["own_part"]


def own_part(session: Path, person: str) -> Iterator[bytes]:
    """Yield the lines of a log that are of one wearer alone.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    person
        The wearer.

    Yields
    ------
    bytes
        A line of JSON with its break. The header names nobody else, and has no configuration, so
        that this is no session that could be played or verified.
    """
    for _, line in neutral(read(session)):
        kept = _kept(line, person)
        if kept is not None:
            yield encode(kept) + b"\n"


def _kept(line: lines.Line, person: str) -> lines.Line | None:
    match line:
        case lines.HeaderLine():
            known = msgspec.json.decode(line.baseline) or {}
            return msgspec.structs.replace(
                line,
                profile=person,
                sensors=[],
                config=msgspec.Raw(b"null"),
                chosen=msgspec.Raw(b"null"),
                baseline=msgspec.Raw(msgspec.json.encode(known.get(person))),
            )
        case lines.ChunkLine() | lines.GapLine() | lines.StatusLine():
            return line if wearer_of(line.source) == person else None
        case lines.BeatLine() | lines.ScrLine():
            return line if line.wearer == person else None
        case lines.ReadingLine():
            own = [item for item in line.readings if item.name.startswith(f"{person}{MARK}")]
            return msgspec.structs.replace(line, readings=own) if own else None
        case _:
            return None
