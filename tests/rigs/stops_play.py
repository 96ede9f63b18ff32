"""Plays random notes on an output until it is stopped: the main process of `stops`."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path

from synth.events import Note
from synth.params import Layer, MusicParams
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment


def music(seed: int) -> list[Note]:
    """Return a minute of notes, short and long, often several at once."""
    rng = random.Random(seed)
    return [
        Note(
            k,
            k * 0.08 + rng.uniform(0.0, 0.05),
            rng.choice((0.05, 0.5, 4.0, 60.0)),
            rng.randrange(30, 100),
            rng.randrange(1, 128),
            rng.choice(list(Layer)),
        )
        for k in range(1500)
    ]


class Cabled(RemotePlayer):
    """The session's end, whose player has cables of the tests' own."""

    command = (sys.executable, "-P", str(Path(__file__).with_name("cable_player.py")))


async def main() -> None:
    """Play; fail when a line comes in."""
    uri, seed = sys.argv[1], int(sys.argv[2])
    t0_s = time.monotonic()
    player = await (Cabled if "CABLES" in os.environ else RemotePlayer).open(uri, t0_s)
    assert player.pid is not None
    try:
        player.params(MusicParams())
        player.tempo(TempoSegment(time.monotonic() - t0_s + 0.02, 0.0, 120.0))
        player.notes(music(seed))
        sys.stdout.write(f"{player.pid}\n")
        sys.stdout.flush()
        line = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin, line.set)
        async with asyncio.timeout(60.0):
            await line.wait()
        raise RuntimeError("a bug")
    finally:
        player.panic()
        await player.close()


if __name__ == "__main__":
    asyncio.run(main())
