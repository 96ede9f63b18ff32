"""In which line of a TOML file a key stands: its reader tells values, and not their places."""

from __future__ import annotations

import re

__all__ = ["line_of"]

_HEADER = re.compile(r"(\[\[?)([^\[\]]+)\]")
_KEY = re.compile(r"""([\w."' -]+)=""")
_INNER = re.compile(r"""[{,]\s*([\w"'-]+)\s*=""")


def line_of(text: str, key: str) -> int:
    """Return the line in which a key stands, or else the nearest table around it.

    Parameters
    ----------
    text
        The file's.
    key
        As in "setup[0].bytes".

    Returns
    -------
    int
        Counted from 1; 0 where nothing of it is there.
    """
    places = _places(text)
    while key:
        if key in places:
            return places[key]
        key = key.rpartition("[")[0] if key.endswith("]") else key.rpartition(".")[0]
    return 0


def _places(text: str) -> dict[str, int]:
    """Return the line of each key and table by its path; of inline tables one level."""
    places: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, quoted = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        for quotes in ('"' * 3, "'" * 3):
            if line.count(quotes) % 2 and quoted in ("", quotes):
                quoted = "" if quoted else quotes
                break
        else:
            if quoted:
                continue
        line = line.strip()
        if header := _HEADER.match(line):
            table = _numbered(_plain(header[2]), counts, is_new=header[1] == "[[")
            places.setdefault(table, number)
        elif found := _KEY.match(line):
            path = f"{table}.{_plain(found[1])}".lstrip(".")
            places.setdefault(path, number)
            _add_inner(places, path, line[found.end() :], number)
    return places


def _add_inner(places: dict[str, int], path: str, value: str, number: int) -> None:
    """Note the keys of inline tables, however deep: all of them stand in this line."""
    for inner in _INNER.finditer(value):
        places.setdefault(f"{path}.{_plain(inner[1])}", number)


def _numbered(name: str, counts: dict[str, int], *, is_new: bool) -> str:
    """Return a table's path with the number of each repeated table in it."""
    if is_new:
        counts[name] = counts.get(name, -1) + 1
    path, plain = "", ""
    for part in name.split("."):
        plain = f"{plain}.{part}".lstrip(".")
        path = f"{path}.{part}".lstrip(".")
        if plain in counts:
            path += f"[{counts[plain]}]"
    return path


def _plain(key: str) -> str:
    return re.sub(r"""\s*\.\s*""", ".", re.sub(r"""["']""", "", key)).strip()
