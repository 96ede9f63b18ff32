"""A short soft phrase, to hear whether an output works."""

from __future__ import annotations

import asyncio

from synth.events import Note
from synth.params import Key, Layer, Mode, MusicParams
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoMap

__all__ = ["PHRASE", "play"]

_BPM = 80.0
_VOLUME = 0.5
_LEAD_S, _TAIL_S = 0.5, 1.0

_PAD, _TUNE = Layer.PAD, Layer.MELODY
#: Two bars of D major over its tonic and its subdominant: layer, beat, beats, pitch, velocity.
PHRASE = tuple(
    Note(number, beat, beats, pitch, velocity, layer)
    for number, (layer, beat, beats, pitch, velocity) in enumerate(
        (
            (_PAD, 0.0, 4.0, 50, 44), (_PAD, 0.0, 4.0, 57, 44), (_PAD, 0.0, 4.0, 66, 44),
            (_PAD, 4.0, 4.0, 55, 44), (_PAD, 4.0, 4.0, 59, 44), (_PAD, 4.0, 4.0, 66, 44),
            (_TUNE, 0.0, 1.0, 74, 52), (_TUNE, 1.0, 1.0, 78, 54), (_TUNE, 2.0, 2.0, 81, 58),
            (_TUNE, 4.0, 1.0, 79, 54), (_TUNE, 5.0, 1.0, 78, 52), (_TUNE, 6.0, 2.0, 74, 48),
        )
    )
)  # fmt: skip


async def play(uri: str) -> None:
    """Play the phrase on an output that sounds; raise `OutputUnavailable` when it does not open."""
    start_s = asyncio.get_running_loop().time()
    player = await RemotePlayer.open(uri, start_s)
    try:
        player.volume(_VOLUME)
        player.params(MusicParams(tempo_bpm=_BPM, key=Key(2, Mode.IONIAN), dynamics=0.35))
        tempo = TempoMap.start(asyncio.get_running_loop().time() - start_s + _LEAD_S, _BPM)
        player.tempo(tempo.segments[0])
        player.notes(PHRASE)
        end_s = max(tempo.time_at(note.beat + note.beats) for note in PHRASE)
        await asyncio.sleep(start_s + end_s + _TAIL_S - asyncio.get_running_loop().time())
    finally:
        await player.close()
