"""Ways in which a session's log goes wrong: on a disk, in a copy, or by somebody's hand."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from biofeedback.record.line import sealed
from biofeedback.record.reader import LOG_NAME, part_name

__all__ = ["DAMAGE", "WEIGHTS"]

Lines = list[bytes]


def flipped(lines: Lines, rng: Random) -> Lines:
    """Flip one to three bits."""
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(lines))
        lines[place] = _flip(lines[place], rng)
    return lines


def flipped_and_sealed(lines: Lines, rng: Random) -> Lines:
    """Flip one bit of a line, and give it the checksum that fits."""
    place = rng.randrange(len(lines))
    bare, crc, _ = lines[place].rpartition(b',"crc"')
    line = _flip(bare + b"}" if crc else lines[place], rng).replace(b"\n", b" ")
    lines[place] = sealed(line) if crc else line
    return lines


def _flip(line: bytes, rng: Random) -> bytes:
    if not line:
        return line
    spoilt, at = bytearray(line), rng.randrange(len(line))
    spoilt[at] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


WRONG: tuple[object, ...] = (
    0, -1, -5, 1, 3, 200, 1e6, 1e9, 1e18, -1e18, 1e308, 2**63, 2**70, 1e-300, True, None, "", "x",
    "a" * 5000, "\u0000\u001b[31m", "D nothing", "../../..", [], {}, [[]], [None], {"a": {"b": []}},
    "2026-13-45T99:99:99", "NaN", [1e18, 2], [[1, 2], [3]], "style=nobody", "volume=9",
)  # fmt: skip


def of_wrong_meaning(lines: Lines, rng: Random) -> Lines:
    """Give one field of a line, however deep, another value, and the checksum that fits."""
    kinds = [line[:20] for line in lines]  # as rarely as they are, each has its turn
    wanted = rng.choice(sorted(set(kinds)))
    place = rng.choice([k for k, kind in enumerate(kinds) if kind == wanted])
    fields = json.loads(lines[place])
    crc = fields.pop("crc", None)
    where = rng.choice(list(_holders(fields)))
    key = rng.choice(list(where)) if isinstance(where, dict) else rng.randrange(len(where))
    if rng.random() < 0.15:
        del where[key]  # type: ignore[arg-type]
    elif isinstance(where[key], int | float) and rng.random() < 0.4:  # type: ignore[index]
        where[key] *= rng.choice((-1, 10, 1000, 1e6))  # type: ignore[index]
    else:
        where[key] = rng.choice(WRONG)  # type: ignore[index]
    line = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
    lines[place] = sealed(line) if crc else line
    return lines


def _holders(value: object) -> Iterator[dict[str, object] | list[object]]:
    """Yield each object and list in a value that holds something."""
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _holders(inner)


def nested(lines: Lines, rng: Random) -> Lines:
    """Put in JSON that is nested a hundred thousand times."""
    deep = rng.choice((b"[", b'{"a":')) * rng.choice((200, 5_000, 100_000))
    if rng.random() < 0.5:
        lines.insert(rng.randrange(len(lines) + 1), deep)
        return lines
    place = rng.randrange(len(lines))
    lines[place] = sealed(lines[place][:-1] + b',"more":' + deep + b"}")
    return lines


def only_the_header(lines: Lines, rng: Random) -> Lines:
    """Leave the first line, or less."""
    return rng.choice(([lines[0]], [lines[0], b""], [lines[0][:100]], [], [b""], [b"{}"], [b"[]"]))


def ragged(lines: Lines, rng: Random) -> Lines:
    """Make samples that do not fit each other."""
    places = [k for k, line in enumerate(lines) if b'"kind":"chunk"' in line]
    place = rng.choice(places)
    fields = json.loads(lines[place])
    del fields["crc"]
    values = fields["values"]
    match rng.randrange(5):
        case 0:
            values[0] = [1.0, 2.0]
        case 1:
            fields["values"] = [[value] * (k % 3) for k, value in enumerate(values)]
        case 2:
            values.append(1.0)
        case 3:
            fields["device_times"] = [0.0] * (len(values) + 1)
        case _:
            fields["values"] = [[]] * len(values)
    lines[place] = sealed(json.dumps(fields, separators=(",", ":")).encode())
    return lines


def shuffled(lines: Lines, rng: Random) -> Lines:
    """Leave lines out, double or exchange them, or put two logs together."""
    first, second = sorted(rng.sample(range(len(lines)), 2))
    match rng.randrange(4):
        case 0:
            del lines[first:second]
        case 1:
            lines[second:second] = lines[first : first + 5]
        case 2:
            lines[first], lines[second] = lines[second], lines[first]
        case _:
            lines += lines
    return lines


def garbled(lines: Lines, rng: Random) -> Lines:
    """Put zeros or noise where lines were, as a disk does."""
    place = rng.randrange(len(lines))
    lines[place] = rng.choice((bytes(4096), rng.randbytes(500), b"{oops", b"\xff\xfe" * 20, b" "))
    return lines


def _written(change: Callable[[Lines, Random], Lines]) -> Callable[[Path, Random], None]:
    def spoil(folder: Path, rng: Random) -> None:
        log = folder / LOG_NAME
        lines = change(log.read_bytes().splitlines(), rng)
        raw = b"".join(line + b"\n" for line in lines)
        if rng.random() < 0.15:
            raw = raw[: rng.randrange(len(raw) + 1)]
        if rng.random() < 0.1:
            log.unlink()
            (folder / f"{LOG_NAME}.gz").write_bytes(gzip.compress(raw, 1))
        else:
            log.write_bytes(raw)

    return spoil


def packed(folder: Path, rng: Random) -> None:
    """Flip bits of a compressed log, cut it, or put something behind it."""
    log = folder / LOG_NAME
    raw = bytearray(gzip.compress(log.read_bytes(), 1))
    for _ in range(rng.randint(1, 3)):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    log.unlink()
    cut = raw[: rng.randrange(len(raw))] if rng.random() < 0.3 else raw
    (folder / f"{LOG_NAME}{rng.choice(('.gz', '.gz', '.gz.age'))}").write_bytes(cut)


def parted(folder: Path, rng: Random) -> None:
    """Part a log, and leave out, cut or spoil a part."""
    log = folder / LOG_NAME
    lines = log.read_bytes().splitlines(keepends=True)
    step = len(lines) // 3
    for number in (1, 2, 3):
        part = lines[(number - 1) * step : number * step if number < 3 else None]
        (folder / part_name(number)).write_bytes(b"".join(part))
    part = folder / part_name(rng.randint(1, 3))
    match rng.randrange(4):
        case 0:
            part.unlink()
        case 1:
            os.truncate(part, rng.randrange(part.stat().st_size))
        case 2:
            part.write_bytes(_flip(part.read_bytes(), rng))
        case _:
            part.rename(folder / part_name(rng.randint(4, 9)))


def unreadable(folder: Path, rng: Random) -> None:
    """Make a file that cannot be opened: without rights, a link in a circle, a pipe, nothing."""
    path = folder / rng.choice((LOG_NAME, part_name(2), "tags.txt", "config.toml"))
    match rng.randrange(4):
        case 0 if path.exists():
            path.chmod(0)
        case 1:
            path.unlink(missing_ok=True)
            path.symlink_to(path.name)
        case 2:
            path.unlink(missing_ok=True)
            os.mkfifo(path)
        case _:
            path.unlink(missing_ok=True)
            path.symlink_to(folder / "nowhere")


def folder_in_place(folder: Path, rng: Random) -> None:
    """Put a folder where a file should be."""
    names = (LOG_NAME, part_name(2), f"{LOG_NAME}.gz", "report.html", "tags.txt", "session.mid",
             "session.lock", "config.toml")  # fmt: skip
    path = folder / rng.choice(names)
    path.unlink(missing_ok=True)
    path.mkdir()
    if rng.random() < 0.5:
        (path / "inner").write_text("x")


DAMAGE: dict[str, Callable[[Path, Random], None]] = {
    "flipped": _written(flipped),
    "flipped, sealed": _written(flipped_and_sealed),
    "wrong meaning": _written(of_wrong_meaning),
    "wrong meaning, twice": _written(
        lambda lines, rng: of_wrong_meaning(of_wrong_meaning(lines, rng), rng)
    ),
    "nested": _written(nested),
    "header only": _written(only_the_header),
    "ragged": _written(ragged),
    "shuffled": _written(shuffled),
    "garbled": _written(garbled),
    "packed": packed,
    "parted": parted,
    "unreadable": unreadable,
    "a folder": folder_in_place,
}
WEIGHTS = {"wrong meaning": 6, "wrong meaning, twice": 2, "flipped, sealed": 3, "ragged": 2}
