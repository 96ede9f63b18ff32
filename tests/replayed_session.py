"""Small sessions for tests: made-up recordings, played through the whole of the loop."""

import asyncio
import json
import math
from collections.abc import Iterable
from pathlib import Path
from random import Random

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.config.loader import load
from biofeedback.record.line import sealed
from biofeedback.record.lines import DERIVED
from biofeedback.record.reader import LOG_NAME

_DERIVED = {kind.__struct_config__.tag for kind in DERIVED}


def rr_text(path: Path, seconds: float = 90.0) -> Path:
    """Write RR intervals in ms that breathe 15 times a minute."""
    rng, now_s, intervals = Random(7), 0.0, []
    while now_s < seconds:
        rr_ms = 800 + 40 * math.sin(2 * math.pi * now_s / 4) + rng.gauss(0, 8)
        intervals.append(round(rr_ms))
        now_s += rr_ms / 1000
    path.write_text("".join(f"{rr_ms}\n" for rr_ms in intervals))
    return path


def eda_csv(path: Path, seconds: float = 90.0) -> Path:
    """Write skin conductance at 4 Hz, with a response every 15 s."""
    rows = ["time,eda"]
    for index in range(int(4 * seconds)):
        time_s = index / 4
        since_s = time_s % 15
        response_us = 0.4 * math.exp(-since_s / 3) * (1 - math.exp(-since_s))
        rows.append(f"{time_s:.2f},{3 + 0.2 * math.sin(time_s / 20) + response_us:.5f}")
    path.write_text("\n".join(rows) + "\n")
    return path


def replayed(out: Path, *recordings: Path, seconds: float | None = None) -> Path:
    """Play recordings through the loop in virtual time; return the session's folder."""

    plan = SessionPlan(
        config=load(settings=["state.rest.rest_s=30"]),
        sensors=tuple(f"file:{path}" for path in recordings),
        out=out,
        duration_s=seconds,
    )
    return SessionRunner(plan).run(_watch).folder


def simulated(out: Path, seconds: float = 40.0) -> Path:
    """Let the virtual listener hear the music for a while; return the session's folder."""
    plan = SessionPlan(config=load(), sensors=("sim:listener",), out=out, duration_s=seconds)
    return SessionRunner(plan).run(_watch).folder


def cut(session: Path, into: Path, lines: int) -> Path:
    """Copy the first lines of a session's log, and half of the next one, as a crash leaves it."""
    into.mkdir()
    kept = (session / LOG_NAME).read_bytes().splitlines(keepends=True)
    (into / LOG_NAME).write_bytes(b"".join(kept[:lines]) + kept[lines][: len(kept[lines]) // 2])
    return into


def renumbered(raw: Iterable[bytes]) -> bytes:
    """Return lines as one log: numbered in their order, none earlier than the one before it."""
    found, seq, time_s = [], 0, 0.0
    for line in raw:
        fields = json.loads(line)
        fields.pop("crc", None)
        time_s = fields["t"] = max(time_s, fields["t"])
        fields["seq"] = seq
        if fields["kind"] == "lost":
            fields |= {"first": seq, "last": seq + fields["last"] - fields["first"]}
            seq = fields["last"]
        seq += 1
        plain = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
        found.append(plain if fields["kind"] in _DERIVED else sealed(plain))
    return b"".join(line + b"\n" for line in found)


def edit_header(session: Path, **fields: object) -> None:
    """Change what the header of a session's log says, as if it had been written so."""
    first, _, rest = (session / LOG_NAME).read_bytes().partition(b"\n")
    known = json.loads(first) | fields
    del known["crc"]
    bare = json.dumps(known, separators=(",", ":"), ensure_ascii=False).encode()
    (session / LOG_NAME).write_bytes(sealed(bare) + b"\n" + rest)


async def _watch(session: object) -> None:
    await asyncio.sleep(0)
