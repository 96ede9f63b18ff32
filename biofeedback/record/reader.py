"""Session logs read back, also those that a crash cut short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from biofeedback.errors import LogError
from biofeedback.record.lines import SCHEMA, HeaderLine, Line

__all__ = ["LOG_NAME", "find_log", "read", "read_header"]

LOG_NAME = "session.jsonl"
_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def find_log(session: Path) -> Path:
    """Return the log of a session, given its folder or the log itself."""
    path = session / LOG_NAME if session.is_dir() else session
    if not path.is_file():
        raise LogError(
            f"no session log at {session}",
            hint="Give a session's folder, or the session.jsonl in it.",
        )
    return path


def read(session: Path) -> Iterator[tuple[bytes, Line]]:
    """Yield each complete line, raw and decoded, in order.

    An incomplete last line, as a crash leaves it, is left out. Any other line that does not
    decode raises `LogError` and names its place.
    """
    path = find_log(session)
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if not raw.endswith(b"\n"):
                return
            raw = raw[:-1]
            try:
                line = _DECODER.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise LogError(
                    f"{path}, line {number}: {error}",
                    hint="The log was edited, or comes from another version.",
                ) from error
            if number == 1:
                _check_header(path, line)
            yield raw, line
    if path.stat().st_size == 0:
        raise LogError(f"the session log {path} is empty", hint="The session never began.")


def read_header(session: Path) -> HeaderLine:
    """Return the header of a session's log."""
    for _, line in read(session):
        assert isinstance(line, HeaderLine)
        return line
    raise LogError(f"the session log {session} is empty", hint="The session never began.")


def _check_header(path: Path, line: Line) -> None:
    if not isinstance(line, HeaderLine):
        raise LogError(f"{path} does not begin with a header", hint="Is this a session log?")
    if line.schema > SCHEMA:
        raise LogError(
            f"{path} has schema {line.schema}, this version reads up to {SCHEMA}",
            hint="Update biofeedback: pip install --upgrade biofeedback",
        )
