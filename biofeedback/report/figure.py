"""The session as one picture: body, arousal, music on a shared time axis, as SVG text."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from biofeedback.report import downsample, plotting, scales
from biofeedback.report.plotting import inline
from biofeedback.report.session_data import MetricSeries, SessionData
from biofeedback.report.words import clock
from sensors.signals import FloatArray, Signal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["NARROW", "WIDE", "FigureFormat", "draw"]


@dataclass(frozen=True, slots=True)
class FigureFormat:
    """Size of the picture in inches and of its letters in points; `columns` limits its detail."""

    name: str
    width_in: float
    height_in: float
    font_pt: float
    ticks: int
    columns: int


WIDE = FigureFormat("wide", 10.0, 12.0, 9.8, 11, 900)
NARROW = FigureFormat("narrow", 4.3, 12.5, 8.5, 5, 380)

#: Dark enough for text on white (4.5 to 1 or more), and told apart by lightness as well as hue.
_INK, _QUIET, _GRID, _GAP = "#24313a", "#5a6670", "#e4e7e8", "#ecebe6"
_HEART, _VARIABILITY, _SKIN = "#a83a14", "#8a3a78", "#00664d"
_AROUSAL, _SETPOINT, _TEMPO, _DENSITY = "#0b5a94", "#8f5b00", "#3f4f9c", "#4d5a1e"
_REJECTED = "#24313a"
#: From the brightest mode to the darkest, light to dark: readable without colour.
_MODES = {
    "lydian": "#fbe9a6", "ionian": "#f0cd7a", "mixolydian": "#a9c9b8",
    "dorian": "#6fa3b5", "aeolian": "#3e6a94", "phrygian": "#27406b",
}  # fmt: skip
_HEIGHTS = (2.0, 1.2, 1.5, 2.3, 1.2, 0.9, 0.4)
_SIDE_IN = 0.45  #: room for the numbers left and right of the panels
_HEART_SIGNALS = {Signal.RR.value, Signal.HR.value, Signal.ECG.value, Signal.PPG.value}


def draw(story: SessionData, form: FigureFormat) -> str:
    """Return the picture as an `<svg>` element, to be put into a page as it is."""
    plotting.load()
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style = {
        "svg.fonttype": "none", "svg.hashsalt": form.name, "font.family": ["DejaVu Sans"],
        "font.size": form.font_pt, "text.color": _INK, "axes.edgecolor": _QUIET,
        "axes.labelcolor": _QUIET, "xtick.color": _QUIET, "ytick.color": _QUIET,
        "path.simplify": False, "axes.linewidth": 0.6,
    }  # fmt: skip
    with rc_context(style):  # type: ignore[arg-type]
        figure = Figure(figsize=(form.width_in, form.height_in))
        FigureCanvasSVG(figure)
        axes = figure.subplots(
            len(_HEIGHTS), 1, sharex=True, gridspec_kw={"height_ratios": _HEIGHTS}
        )
        _Painter(story, form, figure, list(axes)).paint()
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return inline(text.getvalue())


class _Painter:
    def __init__(
        self, story: SessionData, form: FigureFormat, figure: Figure, axes: list[Axes]
    ) -> None:
        self._story = story
        self._form = form
        self._figure = figure
        self._axes = axes
        self._end_s = max(story.duration_s, 1.0)

    def paint(self) -> None:
        form = self._form
        inch_x, inch_y = 1.0 / form.width_in, 1.0 / form.height_in
        marked = any(command.what == "marker" for command in self._story.commands)
        top_in = (0.65 if marked else 0.3) + (0.15 if form is NARROW else 0.0)
        self._figure.subplots_adjust(
            left=_SIDE_IN * inch_x, right=1 - _SIDE_IN * inch_x, top=1 - top_in * inch_y,
            bottom=0.5 * inch_y, hspace=0.55 if form is NARROW else 0.36,
        )  # fmt: skip
        heart, variability, skin, arousal, tempo, density, key = self._axes
        for axes in self._axes:
            self._prepare(axes)
        self._gaps()
        self._heart(heart)
        self._variability(variability)
        self._skin(skin)
        self._arousal(arousal)
        self._tempo(tempo)
        self._density(density)
        self._key(key)
        self._time_axis(key)
        self._markers()

    def _prepare(self, axes: Axes) -> None:
        axes.set_xlim(0.0, self._end_s)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(_GRID)
        axes.grid(axis="y", color=_GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(axis="both", length=0, labelsize=self._form.font_pt - 1)
        axes.tick_params(axis="x", labelbottom=False)
        axes.locator_params(axis="y", nbins=4)

    def _title(self, axes: Axes, name: str, key: str, colour: str) -> None:
        """Name a panel above its left corner; its key stands above the right, or below the name."""
        size = self._form.font_pt
        narrow = self._form is NARROW
        axes.annotate(
            name, (0, 1), (0, 15 if narrow else 4), xycoords="axes fraction", color=colour,
            textcoords="offset points", fontweight="bold", fontsize=size + 0.5,
            annotation_clip=False,
        )  # fmt: skip
        axes.annotate(
            key, (0 if narrow else 1, 1), (0, 4), xycoords="axes fraction", color=_QUIET,
            textcoords="offset points", fontsize=size - 1, annotation_clip=False,
            ha="left" if narrow else "right",
        )  # fmt: skip

    def _gaps(self) -> None:
        """Shade each sensor's gaps where its signal is drawn, those of all in the other panels."""
        heart = [(g.start, g.end) for g in self._story.gaps if g.signal in _HEART_SIGNALS]
        skin = [(g.start, g.end) for g in self._story.gaps if g.signal == Signal.EDA.value]
        for place, axes in enumerate(self._axes):
            found = heart if place < 2 else skin if place == 2 else heart + skin
            shown = downsample.spans(found, self._end_s, self._form.columns)
            if shown:
                axes.broken_barh(
                    [(start, end - start) for start, end in shown], (0, 1), color=_GAP,
                    linewidth=0, transform=axes.get_xaxis_transform(), zorder=0,
                    alpha=1.0 if place < 3 else 0.6,
                )  # fmt: skip

    def _line(
        self, axes: Axes, times_s: FloatArray, values: FloatArray, colour: str, width: float = 1.3
    ) -> None:
        x, y = downsample.line(times_s, values, self._end_s, self._form.columns)
        axes.plot(x, y, color=colour, linewidth=width, solid_joinstyle="round", zorder=3)

    def _metric(self, axes: Axes, name: str, colour: str) -> MetricSeries | None:
        series = self._story.metrics.get(name)
        if series is None or not np.isfinite(series.values).any():
            return None
        self._line(axes, series.times_s, series.values, colour)
        return series

    def _nothing(self, axes: Axes, text: str = "not measured") -> None:
        axes.set_yticks([])
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=_QUIET)

    def _heart(self, axes: Axes) -> None:
        story = self._story
        used = story.beat_used
        self._title(
            axes, "Heart rate",
            "per minute; thin: each beat, ×: left out; right: ms", _HEART,
        )  # fmt: skip
        rates = 60_000.0 / np.maximum(story.rr_ms, 1.0)
        times_s, shown = scales.broken(story.beat_times_s[used], rates[used], story.rr_ms[used])
        x, y = downsample.line(times_s, shown, self._end_s, self._form.columns)
        axes.plot(x, y, color=_HEART, linewidth=0.5, alpha=0.45, zorder=2)
        series = self._metric(axes, "heart_rate", _HEART)
        if series is None and not len(rates):
            return self._nothing(axes)
        known = [rates[used], *([] if series is None else [series.values])]
        low, high = scales.limits(np.concatenate(known), 20.0)
        axes.set_ylim(low, high)
        x, y = downsample.line(
            story.beat_times_s[~used], np.clip(rates[~used], low, high), self._end_s,
            self._form.columns // 3,
        )  # fmt: skip
        axes.plot(
            x, y, linestyle="none", marker="x", markersize=3, color=_REJECTED, markeredgewidth=0.6,
            zorder=4,
        )  # fmt: skip
        if len(rates):
            right = axes.secondary_yaxis("right", functions=(scales.swapped, scales.swapped))
            right.set_yticks(scales.ticks_ms(low, high))
            right.tick_params(length=0, labelsize=self._form.font_pt - 1)
            right.spines["right"].set_visible(False)

    def _variability(self, axes: Axes) -> None:
        self._title(axes, "Heart rate variability", "RMSSD of the last minute, ms", _VARIABILITY)
        if self._metric(axes, "rmssd", _VARIABILITY) is None:
            return self._nothing(axes)
        axes.set_ylim(bottom=0)

    def _skin(self, axes: Axes) -> None:
        self._title(axes, "Skin conductance", "level in µS; ticks: skin responses, by size", _SKIN)
        series = self._metric(axes, "scl", _SKIN)
        if series is None:
            return self._nothing(axes)
        low, high = scales.limits(series.values, 0.2)
        span = high - low
        axes.set_ylim(low - 0.35 * span, high)
        times_s, sizes = self._story.response_times_s, self._story.response_us
        largest = float(np.quantile(sizes, 0.95)) if len(sizes) else 1.0
        foot = low - 0.33 * span
        tops = foot + 0.27 * span * np.minimum(1.0, sizes / max(largest, 1e-9))
        x = np.repeat(times_s, 3)
        y = np.column_stack((np.full_like(tops, foot), tops, np.full_like(tops, np.nan))).ravel()
        axes.plot(x, y, color=_SKIN, linewidth=0.8, alpha=0.8, zorder=2)

    def _arousal(self, axes: Axes) -> None:
        states, decisions = self._story.states, self._story.decisions
        self._title(
            axes, "Arousal",
            "band: 90 % interval; dashed: set point; dotted: rest",
            _AROUSAL,
        )  # fmt: skip
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        if not len(states.times_s):
            return self._nothing(axes, "not estimated")
        columns = self._form.columns
        x, low, high = downsample.envelope(
            states.times_s, states.low, states.high, self._end_s, columns
        )
        sure = np.interp(x, states.times_s, states.confidence)
        for least, most, alpha in ((0.0, 0.35, 0.08), (0.35, 0.65, 0.18), (0.65, 1.01, 0.30)):
            part = (sure >= least) & (sure < most)
            part[:-1] |= part[1:]
            axes.fill_between(
                x, low, high, where=part.tolist(), color=_AROUSAL, alpha=alpha, linewidth=0
            )
        axes.axhline(0.3, color=_QUIET, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        self._line(axes, states.times_s, states.arousal, _AROUSAL)
        x, y = downsample.line(decisions.times_s, decisions.setpoint, self._end_s, columns)
        axes.plot(x, y, color=_SETPOINT, linewidth=1.2, linestyle=(0, (4, 2)), zorder=4)

    def _tempo(self, axes: Axes) -> None:
        self._title(axes, "Tempo", "of the music, beats per minute", _TEMPO)
        tempo = self._story.tempo
        if not tempo:
            return self._nothing(axes, "no music was composed")
        times_s = np.array([time_s for time_s, _ in tempo] + [self._end_s])
        bpm = np.array([value for _, value in tempo] + [tempo[-1][1]])
        x, y = downsample.line(
            np.repeat(times_s, 2)[1:], np.repeat(bpm, 2)[:-1], self._end_s, self._form.columns
        )
        axes.plot(x, y, color=_TEMPO, linewidth=1.3, zorder=3)
        axes.set_ylim(*scales.limits(bpm, 20.0))

    def _density(self, axes: Axes) -> None:
        self._title(axes, "Density", "of the music, notes per beat", _DENSITY)
        decisions = self._story.decisions
        if not len(decisions.times_s):
            return self._nothing(axes, "no music was composed")
        self._line(axes, decisions.times_s, decisions.density, _DENSITY)
        axes.set_ylim(bottom=0, top=max(1.0, 1.15 * float(decisions.density.max())))

    def _key(self, axes: Axes) -> None:
        self._title(axes, "Key", "of the music; the darker the band, the darker the mode", _INK)
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        axes.grid(visible=False)
        keys = self._story.keys
        if not keys:
            return self._nothing(axes, "no music was composed")
        points = 72.0 * (self._form.width_in - 2 * _SIDE_IN)
        ends_s = [time_s for time_s, _ in keys[1:]] + [self._end_s]
        for (start_s, name), end_s in zip(keys, ends_s, strict=True):
            tonic, mode = name.split(" ")
            axes.broken_barh(
                [(start_s, end_s - start_s)], (0, 1), color=_MODES.get(mode, _GAP), linewidth=0
            )
            size = self._form.font_pt - 1
            room = points * (end_s - start_s) / self._end_s / (0.62 * size)
            label = name if room > len(name) else tonic if room > len(tonic) + 0.5 else ""
            dark = mode in ("aeolian", "phrygian")
            axes.text(
                (start_s + end_s) / 2, 0.46, label, ha="center", va="center", fontsize=size,
                color="white" if dark else _INK,
            )  # fmt: skip

    def _time_axis(self, axes: Axes) -> None:
        step_s = scales.step_s(self._end_s, self._form.ticks)
        ticks_s = np.arange(0.0, self._end_s + 1e-9, step_s)
        minutes = step_s % 60 == 0
        labels = [f"{t / 60:.0f}" if minutes else clock(t) for t in ticks_s]
        axes.set_xticks(ticks_s, labels)
        axes.tick_params(axis="x", labelbottom=True, pad=4)
        axes.set_xlabel("minutes" if minutes else "minutes:seconds", fontsize=self._form.font_pt)
        for panel in self._axes[:-1]:
            panel.grid(axis="x", color=_GRID, linewidth=0.5)

    def _markers(self) -> None:
        """Draw each marker through the panels; label those that have room above the first."""
        marks = [(c.t, c.value or "mark") for c in self._story.commands if c.what == "marker"]
        size = self._form.font_pt - 1
        points = 72.0 * (self._form.width_in - 2 * _SIDE_IN)
        free_pt = [-1e9, -1e9]
        lifts = (18, 28) if self._form is WIDE else (29, 39)
        for time_s, label in marks:
            for axes in self._axes[:-1]:
                axes.axvline(time_s, color=_INK, linewidth=0.7, linestyle=(0, (5, 3)), zorder=1)
            text = label if len(label) <= 18 else f"{label[:17]}…"
            start_pt = points * time_s / self._end_s
            width_pt = 0.6 * size * len(text) + 6
            for row, lift in enumerate(lifts):
                if start_pt >= free_pt[row] and start_pt + width_pt <= points + 36:
                    free_pt[row] = start_pt + width_pt
                    self._axes[0].annotate(
                        text, (time_s, 1), (0, lift), textcoords="offset points", fontsize=size,
                        xycoords=("data", "axes fraction"), color=_INK, annotation_clip=False,
                        parse_math=False,
                    )  # fmt: skip
                    break
