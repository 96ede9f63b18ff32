"""How a theme is made up: many are tried against the phrase's chords, and the best is kept.

A theme is heard again and again, so it is chosen with more care than a passing line: by the share
of steps, by leaps that are answered, by where it begins and ends, and by how well its strong notes
suit both the chords that it begins a section over and those that it ends one over.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import fsum
from random import Random

from synth.compose.form import BarPlace
from synth.compose.motif import Motif, development, motif
from synth.compose.rhythm import METRIC_WEIGHTS, STRONG
from synth.compose.settling import LEAP, Ground, faults, settled
from synth.compose.theme import Theme, noted, pitch_of
from synth.params import Key, Mode
from synth.theory.chords import diatonic, local_scale

__all__ = ["Commission", "invented"]

_TRIALS = 24  #: at least
_NOTES_TRIED = 320  #: in all, so that few notes are chosen among more attempts
_HIGH = 7  #: semitones from the middle beyond which a contour turns back
_HOMEWARD = 1.8  #: cost of a note outside the tonic's chord; major needs less to be itself
_HOMEWARD_IONIAN = 1.0

Line = list[list[tuple[int, int]]]  # for each bar (sixteenth, MIDI note)


@dataclass(frozen=True, slots=True)
class Commission:
    """What a theme is for. `kept` are bars that it begins with, `contrast` what it is not to be."""

    ground: Ground  #: what it is sung over
    place: BarPlace  #: of its first bar
    counts: tuple[int, ...]  #: notes of each bar
    freedom: float  #: of the rhythm, 0 strictly metrical to 1 free
    kept: Theme = ()
    contrast: Theme = ()

    @property
    def size(self) -> int:
        """How many notes it has in all."""
        return int(fsum(self.counts))


def invented(wanted: Commission, rng: Random) -> Theme:
    """Make up a theme.

    Parameters
    ----------
    wanted
        What it is for.
    rng
        The only source of chance; equal streams give equal themes.

    Returns
    -------
    Theme
        The best of many, with as many notes a bar as were wanted.
    """
    ground = wanted.ground
    themes = []
    for _ in range(max(_TRIALS, _NOTES_TRIED // max(1, wanted.size))):
        line = _line(wanted, rng, ground.tonic)
        theme = tuple(tuple(noted(c, p, ground.key, ground.tonic) for c, p in bar) for bar in line)
        themes.append(settled(theme, ground))
    return min(themes, key=lambda theme: faults(theme, ground, wanted.contrast))


def _line(wanted: Commission, rng: Random, tonic: int) -> Line:
    """Return one attempt: a motif that each bar states or develops, fitted to the chords."""
    figure = motif(rng, freedom=wanted.freedom)
    daring = rng.uniform(-2.5, 2.5)
    line: Line = [
        [(n.cell, pitch_of(n, wanted.ground.key, tonic)) for n in bar] for bar in wanted.kept
    ]
    for number in range(len(line), len(wanted.counts)):
        line.append(_bar(wanted, figure, daring, rng, number, [n for bar in line for n in bar]))
    return line


def _bar(
    wanted: Commission,
    figure: Motif,
    daring: float,
    rng: Random,
    number: int,
    sung: list[tuple[int, int]],
) -> list[tuple[int, int]]:
    place = BarPlace(wanted.place.section, wanted.place.phrase, number)
    form = development(place, rng)
    cells = figure.rhythm(wanted.counts[number], form, turn=rng.randrange(3))
    ground, middle = wanted.ground, wanted.ground.middle
    pitch = sung[-1][1] if sung else None
    interval = sung[-1][1] - sung[-2][1] if len(sung) > 1 else 0
    notes: list[tuple[int, int]] = []
    for k, cell in enumerate(cells):
        chord = ground.chord(number, cell)
        ladder = _ladder(
            local_scale(wanted.ground.key, chord), wanted.ground.low, wanted.ground.high
        )
        if pitch is None:
            aim = _nearest(ladder, middle) + max(-2, min(2, figure.rise))
        else:
            move = figure.move(k, form)
            if abs(pitch - middle) > _HIGH and (pitch - middle) * move > 0:
                move = -move
            aim = _nearest(ladder, pitch) + move
        last = place.last and k == len(cells) - 1
        if last:
            aim = (aim + _nearest(ladder, middle)) // 2
        wish = 1.0 if last else METRIC_WEIGHTS[cell]
        both = (chord.pitch_classes, ground.chord(number, cell, later=True).pitch_classes)
        new = _choose(ladder, aim, both, wish, pitch, interval, middle, daring, ground.key)
        interval = 0 if pitch is None else new - pitch
        pitch = new
        notes.append((cell, new))
    return notes


@lru_cache(maxsize=1024)
def _ladder(notes: tuple[int, ...], low: int, high: int) -> tuple[int, ...]:
    return tuple(pitch for pitch in range(low, high + 1) if pitch % 12 in notes)


def _nearest(ladder: tuple[int, ...], pitch: int) -> int:
    return min(range(len(ladder)), key=lambda rung: abs(ladder[rung] - pitch))


@lru_cache(maxsize=128)
def _home(key: Key) -> tuple[int, ...]:
    home = diatonic(key, 0).pitch_classes
    # Phrygian's third would lead to the relative major.
    return (home[0], home[2]) if key.mode is Mode.PHRYGIAN else home


def _choose(
    ladder: tuple[int, ...],
    aim: int,
    both: tuple[tuple[int, ...], tuple[int, ...]],
    wish: float,
    pitch: int | None,
    interval: int,
    middle: int,
    daring: float,
    key: Key,
) -> int:
    """Return the pitch that best serves contour, chords and line; the weights are our own."""
    best, least = ladder[0], 1e9
    home, homeward = _home(key), _HOMEWARD_IONIAN if key.mode is Mode.IONIAN else _HOMEWARD
    centre = max(0, min(len(ladder) - 1, aim))
    for rung in range(max(0, centre - 5), min(len(ladder), centre + 6)):
        candidate = ladder[rung]
        cost = abs(rung - aim) + 0.15 * max(0, abs(candidate - middle) - 5)
        if candidate % 12 not in both[0]:
            cost += 9.0 if wish >= STRONG else 2.0 * wish
        if candidate % 12 not in both[1] and wish >= STRONG:
            cost += 4.0
        if candidate % 12 not in home:
            cost += homeward
        if pitch is not None:
            step = candidate - pitch
            size = abs(step)
            if size == 0:
                cost += 1.1
            elif size > 7:
                cost += 30.0 + size
            elif size > LEAP:
                cost += 2.1 + daring
            elif size > 2:
                cost += 1.0 + daring
            if abs(interval) > LEAP and (step * interval >= 0 or size >= abs(interval)):
                cost += 16.0
        if cost < least:
            best, least = candidate, cost
    return best
