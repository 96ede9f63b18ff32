"""The differences of a trial's pairs as a picture, in plain SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from biofeedback.trials.permutation import PermutationTest

__all__ = ["draw"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 300, 64, 24, 16, 40
_INK, _QUIET, _ACCENT, _BAND = "#24313a", "#55626b", "#0b5a94", "#eeede9"


def draw(differences: Sequence[float], test: PermutationTest, smallest: float, label: str) -> str:
    """Return an SVG: a dot for each pair in order, then the mean with its interval."""
    known = [*differences, 0.0, smallest, -smallest]
    known += [v for v in (test.low, test.high) if math.isfinite(v)]
    low, high = min(known), max(known)
    room = 0.08 * (high - low)
    low, high = low - room, high + room
    columns = len(differences) + 2

    def x(place: float) -> float:
        return _LEFT + (place + 0.5) / columns * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    right = _WIDTH - _RIGHT
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" xmlns="http://www.w3.org/2000/svg" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect x="{_LEFT}" y="{y(smallest):.1f}" width="{right - _LEFT}" '
        f'height="{y(-smallest) - y(smallest):.1f}" fill="{_BAND}"/>',
        f'<line x1="{_LEFT}" x2="{right}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="{_QUIET}"/>',
    ]
    for value in _ticks(low, high):
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end" fill="{_QUIET}">'
            f"{value:g}</text>"
        )
    for place, value in enumerate(differences):
        parts.append(
            f'<line x1="{x(place):.1f}" x2="{x(place):.1f}" y1="{y(0):.1f}" y2="{y(value):.1f}" '
            f'stroke="{_QUIET}" stroke-width="1"/>'
            f'<circle cx="{x(place):.1f}" cy="{y(value):.1f}" r="5" fill="{_INK}"/>'
        )
        parts.append(_text(x(place), str(place + 1)))
    mean = x(columns - 1)
    if math.isfinite(test.low):
        parts.append(
            f'<line x1="{mean:.1f}" x2="{mean:.1f}" y1="{y(test.low):.1f}" '
            f'y2="{y(test.high):.1f}" stroke="{_ACCENT}" stroke-width="4"/>'
        )
    parts += [
        f'<circle cx="{mean:.1f}" cy="{y(test.estimate):.1f}" r="7" fill="{_ACCENT}"/>',
        _text(mean, "mean"),
        f'<text x="{_LEFT}" y="{_HEIGHT - 4}" fill="{_QUIET}">Pair; difference of {escape(label)}'
        "</text>",
        "</svg>",
    ]
    return "".join(parts)


def _text(x: float, text: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle" fill="{_QUIET}">'
        f"{text}</text>"
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round values within the bounds."""
    rough = (high - low) / 5
    step = 10 ** math.floor(math.log10(rough))
    step *= min((1, 2, 5, 10), key=lambda factor: abs(factor * step - rough))
    first = math.ceil(low / step)
    return [round(k * step, 10) for k in range(first, math.floor(high / step) + 1)]
