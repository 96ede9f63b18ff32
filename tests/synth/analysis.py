"""An independent look at music: figures from bars alone, which know nothing of how they came.

Chord symbols, scales and key profiles are parsed and stored here a second time on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from random import Random

from synth.events import Bar, Note
from synth.params import Key, Layer

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SUFFIXES = {
    "": "0 4 7", "m": "0 3 7", "dim": "0 3 6", "sus2": "0 2 7", "sus4": "0 5 7", "7": "0 4 7 10",
    "maj7": "0 4 7 11", "m7": "0 3 7 10", "m7b5": "0 3 6 10", "add9": "0 2 4 7", "madd9": "0 2 3 7",
}  # fmt: skip
MODES = {
    "lydian": "CDEF#GAB", "ionian": "CDEFGAB", "mixolydian": "CDEFGABb",
    "dorian": "CDEbFGABb", "aeolian": "CDEbFGAbBb", "phrygian": "CDbEbFGAbBb",
}  # fmt: skip
# Temperley's profiles from the Kostka-Payne corpus (Music and Probability, 2007, table 6.1).
MAJOR = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
MINOR = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330)
# Budge's chord statistics (1943) as profiles, after Bellman (2005).
MAJOR_BELLMAN = (16.80, 0.86, 12.95, 1.41, 13.49, 11.93, 1.25, 20.28, 1.80, 8.04, 0.62, 10.57)
MINOR_BELLMAN = (18.16, 0.69, 12.99, 13.34, 1.07, 11.15, 1.38, 21.07, 7.49, 1.53, 0.92, 10.21)


def pitch_class(name: str) -> int:
    return (LETTERS[name[0]] + name.count("#") - name[1:].count("b")) % 12


def chord_tones(symbol: str) -> set[int]:
    body = symbol.split("/")[0]
    root, suffix = re.fullmatch(r"([A-G][#b]*)(.*)", body).groups()
    return {(pitch_class(root) + int(i)) % 12 for i in SUFFIXES[suffix].split()}


def key_notes(key: Key) -> set[int]:
    names = re.findall(r"[A-G][#b]?", MODES[key.mode.value])
    return {(pitch_class(name) + key.tonic) % 12 for name in names}


@dataclass(frozen=True)
class Figures:
    """What separates music from notes; shares are 0 to 1, motion in semitones."""

    motion_per_voice: float
    parallels_per_change: float
    widest_spacing: int
    strong_chord_tones: float
    steps: float
    wide_leaps: float
    leap_recovery: float
    in_key: float
    rhythm_recurrence: float
    phrase_end_rests: float
    onsets_per_beat: float

    def failed_gates(self) -> list[str]:
        gates = {
            "voice leading": self.motion_per_voice <= 2.0,
            "parallels": self.parallels_per_change <= 0.02,
            "strong-beat chord tones": self.strong_chord_tones >= 0.85,
            "steps": 0.60 <= self.steps <= 0.85,
            "leap recovery": self.leap_recovery >= 0.70,
            "scale": self.in_key >= 0.95,
            "rhythm recurrence": 0.50 <= self.rhythm_recurrence <= 0.90,
        }
        return [name for name, passed in gates.items() if not passed]


def cells(bar: Bar, layer: Layer) -> tuple[int, ...]:
    """Return the sixteenths of a bar on which a layer starts notes."""
    found = {round((n.beat - bar.beat) * 4) for n in bar.notes if n.layer is layer}
    return tuple(sorted(found))


def chords_of(bars: Sequence[Bar]) -> list[tuple[float, float, str]]:
    """Return (start, end, symbol) with equal neighbours joined."""
    spans: list[tuple[float, float, str]] = []
    for bar in bars:
        length = bar.beats / len(bar.chords)
        for number, symbol in enumerate(bar.chords):
            start = bar.beat + number * length
            if spans and spans[-1][2] == symbol:
                spans[-1] = (spans[-1][0], start + length, symbol)
            else:
                spans.append((start, start + length, symbol))
    return spans


def sonorities(bars: Sequence[Bar], layer: Layer = Layer.PAD) -> list[tuple[int, ...]]:
    """Return for each chord the pitches of a layer that sound in it, ascending."""
    notes = [n for bar in bars for n in bar.notes if n.layer is layer]
    result = []
    for start, end, _ in chords_of(bars):
        inside = {n.pitch for n in notes if n.beat < end - 0.1 and n.beat + n.beats > start + 0.1}
        result.append(tuple(sorted(inside)))
    return result


def total_motion(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Return the least motion that maps the smaller chord into the larger, in order."""
    few, many = sorted((before, after), key=len)
    return min(
        sum(abs(a - b) for a, b in zip(few, chosen, strict=True))
        for chosen in combinations(many, len(few))
    )


def parallel_pairs(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    if len(before) != len(after):
        return 0
    count = 0
    for i, j in combinations(range(len(before)), 2):
        gap = before[j] - before[i]
        if gap % 12 in (0, 7) and after[j] - after[i] == gap and after[i] != before[i]:
            count += 1
    return count


def figures(bars: Sequence[Bar]) -> Figures:
    pads = sonorities(bars)
    changes = [(a, b) for a, b in pairwise(pads) if a != b and min(len(a), len(b)) >= 2]
    moved = sum(total_motion(a, b) for a, b in changes)
    voices = sum(min(len(a), len(b)) for a, b in changes)
    steps, intervals, recovered, leaps = 0, 0, 0, 0
    strong, hits = 0, 0
    for phrase in phrases(bars):
        line = [n for bar in phrase for n in bar.notes if n.layer is Layer.MELODY]
        moves = [b.pitch - a.pitch for a, b in pairwise(line)]
        intervals += len(moves)
        steps += sum(abs(m) <= 2 for m in moves)
        for first, second in pairwise(moves):
            if abs(first) > 4:
                leaps += 1
                recovered += first * second < 0 and abs(second) < abs(first)
        for bar in phrase:
            for note in bar.notes:
                cell = round((note.beat - bar.beat) * 4)
                if note.layer is Layer.MELODY and cell % 8 == 0 and cell < 16:
                    symbol = bar.chords[cell * len(bar.chords) // 16]
                    strong += 1
                    hits += note.pitch % 12 in chord_tones(symbol)
    pitched = [(n, bar.key) for bar in bars for n in bar.notes if n.layer is not Layer.PERCUSSION]
    rhythms = [cells(bar, Layer.MELODY) for bar in bars]
    told = [(i, r) for i, r in enumerate(rhythms) if len(r) >= 2]
    again = [r in rhythms[max(0, i - 16) : i] for i, r in told if i >= 4]
    melody = [n for bar in bars for n in bar.notes if n.layer is Layer.MELODY]
    wide = [abs(b.pitch - a.pitch) > 7 for a, b in pairwise(melody)]
    ends = [p[-1].beat + 4.0 for p in phrases(bars) if len(p) == 4]
    silent = [not any(n.beat < e and n.beat + n.beats > e - 0.25 for n in melody) for e in ends]
    beats = sum(bar.beats for bar in bars)
    return Figures(
        motion_per_voice=moved / max(1, voices),
        parallels_per_change=sum(parallel_pairs(a, b) for a, b in changes) / max(1, len(changes)),
        widest_spacing=max((b - a for pad in pads for a, b in pairwise(pad)), default=0),
        strong_chord_tones=hits / max(1, strong),
        steps=steps / max(1, intervals),
        wide_leaps=sum(wide) / max(1, len(wide)),
        leap_recovery=recovered / leaps if leaps else 1.0,
        in_key=sum(n.pitch % 12 in key_notes(k) for n, k in pitched) / max(1, len(pitched)),
        rhythm_recurrence=sum(again) / max(1, len(again)),
        phrase_end_rests=sum(silent) / max(1, len(silent)),
        onsets_per_beat=sum(len(bar.notes) for bar in bars) / beats,
    )


def phrases(bars: Sequence[Bar]) -> list[list[Bar]]:
    result: list[list[Bar]] = []
    for bar in bars:
        if bar.phrase_start or not result:
            result.append([])
        result[-1].append(bar)
    return result


def found_keys(bars: Sequence[Bar]) -> list[tuple[int, str]]:
    """Return the (tonic, "major" or "minor") that each author's profiles fit best."""
    heard = [0.0] * 12
    for bar in bars:
        for note in bar.notes:
            if note.layer is not Layer.PERCUSSION:
                heard[note.pitch % 12] += note.beats
    found = []
    for major, minor in ((MAJOR, MINOR), (MAJOR_BELLMAN, MINOR_BELLMAN)):
        scores = {}
        for tonic in range(12):
            for name, profile in (("major", major), ("minor", minor)):
                rolled = [profile[(pc - tonic) % 12] for pc in range(12)]
                scores[tonic, name] = correlation(heard, rolled)
        found.append(max(scores, key=lambda k: scores[k]))
    return found


def correlation(x: Sequence[float], y: Sequence[float]) -> float:
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    top = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    size_x = sum((a - mean_x) ** 2 for a in x)
    size_y = sum((b - mean_y) ** 2 for b in y)
    return top / (size_x * size_y) ** 0.5


def randomised(bars: Sequence[Bar], rng: Random, *, in_scale: bool) -> list[Bar]:
    """Return the same bars with each note at a random place and a random pitch of its layer."""
    result = []
    ranges = {Layer.PAD: (50, 76), Layer.BASS: (31, 50)}
    for bar in bars:
        notes = []
        for note in bar.notes:
            low, high = ranges.get(note.layer, (64, 86))
            scale = key_notes(bar.key) if in_scale else set(range(12))
            pitch = rng.choice([p for p in range(low, high + 1) if p % 12 in scale])
            beat = bar.beat + rng.randrange(16) / 4
            notes.append(Note(note.id, beat, note.beats, pitch, note.velocity, note.layer))
        notes.sort(key=lambda n: n.beat)
        result.append(
            Bar(bar.index, bar.beat, bar.beats, bar.key, bar.chords, bar.section,
                bar.phrase_start, tuple(notes))
        )  # fmt: skip
    return result
