"""The tables of a file, key by key: each mistake names the file, the line, the key, the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensors.errors import SettingsError
from sensors.profiles.lines import line_of

__all__ = ["ANY", "FileTable", "TextFile"]

ANY = 1e12  #: beyond every number that a file may name
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was read."""

    path: Path  #: where it is, for messages
    text: str  #: what stands in it, for its lines


class FileTable:
    """A table of a file that is being read; what was not asked for is a mistake.

    Parameters
    ----------
    file
        Whose table it is.
    where
        Its name, as in "setup[0]"; empty for the whole file.
    table
        What it holds.
    """

    def __init__(self, file: TextFile, where: str, table: dict[str, Any]) -> None:
        self._file, self._where, self._table = file, where, table
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._table

    @property
    def values(self) -> Mapping[str, Any]:
        """All that it holds, as it was read."""
        return self._table

    def wrong(self, key: str, reason: str, hint: str = "") -> SettingsError:
        """Return the error for a key.

        Parameters
        ----------
        key
            Empty for the table itself.
        reason
            What is wrong with it.
        hint
            What to do; empty for where to read on.

        Returns
        -------
        SettingsError
            With the file and the line.
        """
        where = f"{self._where}.{key}" if self._where and key else key or self._where
        line = line_of(self._file.text, where)
        at = f"{self._file.path}:{line}" if line else f"{self._file.path}"
        return SettingsError(
            f"{at}: {where}: {reason}", hint=hint or "See docs/sensors.md for every key."
        )

    def nothing_else(self) -> None:
        """Raise `SettingsError` for a key that nobody asked for.

        Raises
        ------
        SettingsError
            For the first of them.
        """
        for key in self._table:
            if key not in self._asked:
                raise self.wrong(key, "unknown key", f"Known are {', '.join(sorted(self._asked))}.")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there, and not empty.

        Parameters
        ----------
        key
            Of this table.
        default
            None where it is needed.

        Returns
        -------
        str
            As it stands there.
        """
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "must be a text")
        if default is None and not value.strip():
            raise self.wrong(key, "must not be empty")
        return value

    def is_text(self, key: str) -> bool:
        """Return whether a key has a text, and not a number or nothing.

        Parameters
        ----------
        key
            Of this table.

        Returns
        -------
        bool
            To be asked where it may have either.
        """
        return isinstance(self._table.get(key), str)

    def choice(self, key: str, among: Sequence[str], default: str | None = None) -> str:
        """Return one of some texts.

        Parameters
        ----------
        key
            Of this table.
        among
            What it may be.
        default
            None where it is needed.

        Returns
        -------
        str
            One of them.
        """
        value = self.text(key, default)
        if value not in among:
            raise self.wrong(key, f"{value!r} is none of {', '.join(among)}")
        return value

    def number(
        self, key: str, default: float | None = None, low: float = -ANY, high: float = ANY
    ) -> float:
        """Return a number within limits.

        Parameters
        ----------
        key
            Of this table.
        default
            None where it is needed.
        low, high
            The least and the most that it may be.

        Returns
        -------
        float
            Finite.
        """
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "must be a number")
        if not low <= value <= high:  # NaN neither; a whole number may be too long for a float
            raise self.wrong(key, f"{value} is not within {low:g} to {high:g}")
        return float(value)

    def whole(self, key: str, default: int | None = None, low: int = 0, high: int = 2**32) -> int:
        """Return a whole number within limits.

        Parameters
        ----------
        key
            Of this table.
        default
            None where it is needed.
        low, high
            The least and the most that it may be.

        Returns
        -------
        int
            Between them.
        """
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, "must be a whole number")
        if not low <= value <= high:
            raise self.wrong(key, f"{value} is not within {low} to {high}")
        return value

    def uuid(self, key: str, default: str | None = None) -> str:
        """Return a UUID in full and lower case.

        Parameters
        ----------
        key
            Of this table.
        default
            None where it is needed.

        Returns
        -------
        str
            Empty where the default is.
        """
        value = self.text(key, default).lower()
        if re.fullmatch(r"[0-9a-f]{4}", value):
            return f"0000{value}-0000-1000-8000-00805f9b34fb"
        if value and not _UUID.fullmatch(value):
            raise self.wrong(key, f"{value!r} is no UUID", "Write it in full, or as 4 hex digits.")
        return value

    def table(self, key: str, *, needed: bool = False) -> FileTable:
        """Return a table within this one.

        Parameters
        ----------
        key
            Of this table.
        needed
            Whether it must be there; else it may be empty.

        Returns
        -------
        FileTable
            To be asked for its keys.
        """
        value = self._get(key, None if needed else {})
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a table")
        return FileTable(self._file, f"{self._where}.{key}".lstrip("."), value)

    def tables(self, key: str) -> list[FileTable]:
        """Return tables of one name within this one.

        Parameters
        ----------
        key
            Of this table.

        Returns
        -------
        list[FileTable]
            In the order of the file; often none.
        """
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, f"must be tables that begin with [[{key}]]")
        return [FileTable(self._file, f"{key}[{i}]", item) for i, item in enumerate(value)]

    def _get(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key not in self._table and default is None:
            raise self.wrong(key, "is missing")
        return self._table.get(key, default)
