"""Where a trial lives: protocol, sealed allocation, and the sessions of its blocks.

NAME/protocol.toml        frozen
NAME/protocol.sha256      its digest, which every block's log names as well
NAME/allocation.sealed    which block has which arm
NAME/sessions/            a session for each block, and for each attempt at one
NAME/looks.jsonl          who looked at the arms before the end, and when
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from biofeedback.common.errors import (
    EmptyLogError,
    FolderError,
    KeyMissingError,
    LogError,
    TrialError,
)  # fmt: skip
from biofeedback.record.lines import TrialItem
from biofeedback.record.reader import is_session, log_parts, read_header
from biofeedback.record.whole_lines import whole_lines
from biofeedback.storage.inventory import TRIALS
from biofeedback.trials.allocation import Allocation, open_sealed, seal
from biofeedback.trials.protocol import Protocol, checked_name, dump, parse, sha256

__all__ = [
    "ANSWERS",
    "BEFORE",
    "BLOCK",
    "PROTOCOL",
    "BlockAttempt",
    "Trial",
    "create",
    "find",
    "trials",
    "trials_folder",
]

PROTOCOL, DIGEST, SEALED, LOOKS = (
    "protocol.toml", "protocol.sha256", "allocation.sealed", "looks.jsonl",
)  # fmt: skip
#: The phases of a block: silence, what is compared, silence in which questions are asked.
BEFORE, BLOCK, ANSWERS = "before", "block", "answers"
_ANSWERS = b'"phase":"answers"'


@dataclass(frozen=True, slots=True)
class BlockAttempt:
    """One session for a block; `complete` when the block was played to its end."""

    folder: Path
    block: int
    number: int
    started_utc: str
    complete: bool
    simulated: bool


class InterimLook(msgspec.Struct, frozen=True):
    """Somebody opened the allocation before the end."""

    utc: str
    pairs: int


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it was frozen; its files are read when they are asked for."""

    folder: Path
    protocol: Protocol
    digest: str  #: of the protocol

    @property
    def sessions(self) -> Path:
        """Where its blocks are recorded."""
        return self.folder / "sessions"

    def allocation(self) -> Allocation:
        """Open the sealed file; raise `TrialError` when it is missing or was changed."""
        raw = _bytes(self.folder / SEALED)
        return open_sealed(raw, self.protocol.allocation_sha256, str(self.folder / SEALED))

    def attempts(self) -> list[BlockAttempt]:
        """Return the sessions so far in order of time; one of another protocol is an error."""
        found = []
        folders = sorted(self.sessions.iterdir()) if self.sessions.is_dir() else []
        for folder in folders:
            if not (folder.is_dir() and is_session(folder)):
                continue
            try:
                header = read_header(folder)
            except EmptyLogError:
                continue  # cut within its first line: nothing was recorded
            except KeyMissingError:
                raise  # nor is anything told of it then
            except LogError as error:
                raise TrialError(
                    f"{error}; which block it is cannot be told",
                    hint="Put it back from a copy, or move that session away.",
                ) from error
            item = header.trial
            if item is None or item.name != self.protocol.name or item.protocol != self.digest:
                raise TrialError(
                    f"{folder} was recorded under another protocol than {self.folder / PROTOCOL}",
                    hint="Put the protocol back as it was, or move that session away.",
                )
            found.append(
                BlockAttempt(
                    folder,
                    item.block,
                    item.attempt,
                    header.started_utc,
                    _is_complete(folder),
                    header.simulated,
                )
            )
        return sorted(found, key=lambda attempt: attempt.started_utc)

    def next_item(self, attempts: Sequence[BlockAttempt]) -> TrialItem | None:
        """Return which block is due; None when every block is done or given up."""
        for block in range(1, self.protocol.blocks + 1):
            mine = [attempt for attempt in attempts if attempt.block == block]
            if any(attempt.complete for attempt in mine):
                continue
            if len(mine) < self.protocol.most_attempts:
                return TrialItem(
                    name=self.protocol.name,
                    protocol=self.digest,
                    block=block,
                    attempt=len(mine) + 1,
                )
        return None

    def is_over(self, attempts: Sequence[BlockAttempt], today: date) -> bool:
        """Whether the planned end has come: no block is due, or the stop date is past."""
        return self.next_item(attempts) is None or self.protocol.over(today)

    def looks(self) -> list[InterimLook]:
        """Return who looked before the end."""
        path = self.folder / LOOKS
        if not path.exists():
            return []
        return [msgspec.json.decode(line, type=InterimLook) for line in _bytes(path).splitlines()]

    def note_look(self, utc: str, pairs: int) -> None:
        """Write down, for good, that the arms were looked at before the end."""
        path = self.folder / LOOKS
        try:
            with path.open("ab") as file:
                file.write(msgspec.json.encode(InterimLook(utc, pairs)) + b"\n")
        except OSError as error:
            raise FolderError(f"{path} cannot be written: {error.strerror}") from error


def trials_folder() -> Path:
    """Return the folder of trials unless `--out` says otherwise."""
    return TRIALS.path


def create(root: Path, protocol: Protocol, allocation: Allocation) -> Trial:
    """Freeze a trial; nothing is left of one that could not be written whole."""
    folder = root / checked_name(protocol.name)
    sealed = seal(allocation)
    protocol = msgspec.structs.replace(protocol, allocation_sha256=sha256(sealed))
    raw = dump(protocol)
    if folder.exists():
        raise TrialError(
            f"there is a trial {protocol.name!r} already in {root}", hint="Choose another name."
        )
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        (partial / PROTOCOL).write_bytes(raw)
        (partial / DIGEST).write_text(f"{sha256(raw)}  {PROTOCOL}\n", encoding="ascii")
        (partial / SEALED).write_bytes(sealed)
        (partial / "sessions").mkdir(exist_ok=True)
        partial.rename(folder)
    except OSError as error:
        raise FolderError(
            f"{folder} cannot be written: {error.strerror}", hint="Choose a folder with --out."
        ) from error
    return Trial(folder, protocol, sha256(raw))


def find(root: Path, name: str) -> Trial:
    """Return a trial by its name or its folder; raise `TrialError` unless it is as frozen."""
    folder = next((f for f in (root / name, Path(name)) if (f / PROTOCOL).is_file()), None)
    if folder is None:
        known = ", ".join(trials(root)) or "none yet"
        raise TrialError(f"there is no trial {name!r} in {root}", hint=f"There are: {known}.")
    raw = _bytes(folder / PROTOCOL)
    digest = sha256(raw)
    frozen = _bytes(folder / DIGEST).decode("ascii", "replace").split()[:1]
    if frozen != [digest]:
        raise TrialError(
            f"{folder / PROTOCOL} was changed after it was frozen, so the trial can't go on",
            hint="Put it back from a copy; the recorded blocks are untouched.",
        )
    return Trial(folder, parse(raw, str(folder / PROTOCOL)), digest)


def trials(root: Path) -> list[str]:
    """Return the names of the trials in a folder."""
    if not root.is_dir():
        return []
    return sorted(path.parent.name for path in root.glob(f"[!.]*/{PROTOCOL}"))


def _is_complete(folder: Path) -> bool:
    try:
        return any(
            _ANSWERS in line for part in log_parts(folder) for line in whole_lines(part)
        )  # fmt: skip
    except KeyMissingError:
        raise  # it may well be complete
    except LogError:
        return False


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrialError(
            f"{path} cannot be read: {error.strerror}", hint="Put it back from a copy."
        ) from error
