"""A band's profile as a capture brings it along: what it says, and not how somebody wrote it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

import tomli_w

from sensors.errors import RecordingError

__all__ = ["own_texts", "rewritten"]

#: What people and devices word as they like; all else is the profile's own words and numbers.
_TEXTS = frozenset({"title", "support", "name", "starts_with"})
_HEX = frozenset({"bytes", "answer"})
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PAIRS = re.compile(r"(?:[0-9a-f]{2}\s*)+", re.IGNORECASE)


def rewritten(
    text: str,
    said: Callable[[str], str],
    uuid: Callable[[str], str],
    written: Callable[[bytes], bytes],
) -> str:
    """Return a profile written anew from what it holds: without remarks, and with other values.

    Parameters
    ----------
    text
        TOML; empty for none.
    said
        Replaces what people and devices word.
    uuid
        Replaces a full UUID in lower case.
    written
        Replaces bytes that are written in hex.

    Returns
    -------
    str
        TOML; empty where it was.

    Raises
    ------
    RecordingError
        For what is no TOML.
    """

    def changed(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: changed(name, one) for name, one in value.items()}
        if isinstance(value, list):
            return [changed(key, one) for one in value]
        if not isinstance(value, str):
            return value
        if _UUID.fullmatch(value):
            return uuid(value.lower())
        if key in _HEX:
            return _PAIRS.sub(lambda pairs: written(bytes.fromhex(pairs[0])).hex(" "), value)
        return said(value) if key in _TEXTS else value

    try:
        return tomli_w.dumps(changed("", tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecordingError(
            f"the profile cannot be brought along: {error}", hint="Mend it, and capture again."
        ) from error


def own_texts(text: str) -> list[str]:
    """Return what a profile says in words that are not the program's.

    Parameters
    ----------
    text
        TOML; empty for none.

    Returns
    -------
    list[str]
        In its order.
    """
    found: list[str] = []

    def note(said: str) -> str:
        found.append(said)
        return said

    rewritten(text, note, str, bytes)
    return found
