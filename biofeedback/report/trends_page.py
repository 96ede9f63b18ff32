"""Trends of a person as one HTML page: a picture and a table, without scripts or a network."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape

from biofeedback.report import plotting
from biofeedback.report.html import document, note, section, table
from biofeedback.report.plotting import inline
from biofeedback.report.trends import BoundedEstimate, SessionMeasures, Trend
from biofeedback.report.words import rounded

__all__ = ["interval", "render"]

_INK, _QUIET, _POINT = "#24313a", "#5a6670", "#0b5a94"
_LIMITS = (
    "The intervals hold together with 95 %. A trend can come from the season, from practice with "
    "sensors or from which days were chosen: it does not show that the music did anything."
)


def interval(found: BoundedEstimate | None) -> str:
    """Return an estimate with its bounds, a dash without one."""
    if found is None:
        return "–"
    return f"{rounded(found.estimate)} ({rounded(found.low)} to {rounded(found.high)})"


def render(profile: str, sessions: Sequence[SessionMeasures], found: Sequence[Trend]) -> str:
    """Return the whole page."""
    rows = [
        (f"{trend.title}{f', {trend.unit}' if trend.unit else ''}", str(trend.sessions),
         interval(trend.mean), interval(trend.slope), trend.verdict)
        for trend in found
    ]  # fmt: skip
    head = ("Measure", "Sessions", "Mean", "Slope per session", "What it says")
    title = f"{profile}: {len(sessions)} sessions"
    parts = [*table("Trends", head, rows, numbers=(1,)), note(_LIMITS)] if rows else []
    return document(
        title,
        [
            "<main>", f"<header><h1>{escape(title)}</h1></header>",
            *section("Over the sessions", _figure(sessions, found)),
            *section("In numbers", parts or [note("There is nothing to compare yet.")]),
            "</main>", "<footer><p>For relaxation and stress awareness; not a treatment, no "
            "diagnosis.</p></footer>",
        ],
    )  # fmt: skip


def _figure(sessions: Sequence[SessionMeasures], found: Sequence[Trend]) -> list[str]:
    if not found:
        return []
    words = "; ".join(f"{trend.title}: {trend.verdict}" for trend in found)
    label = escape(f"Each measure over {len(sessions)} sessions. {words}.", quote=True)
    picture = _draw(sessions, found)
    return [
        f'<figure><div class="plot" role="img" aria-label="{label}">{picture}</div>',
        "<figcaption>A point for each session, in order; the line is the mean, the band its "
        "interval.</figcaption></figure>",
    ]


def _draw(sessions: Sequence[SessionMeasures], found: Sequence[Trend]) -> str:
    plotting.load()
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style = {
        "svg.fonttype": "none", "svg.hashsalt": "trends", "font.family": ["DejaVu Sans"],
        "font.size": 10, "text.color": _INK, "axes.edgecolor": _QUIET,
        "xtick.color": _QUIET, "ytick.color": _QUIET, "axes.linewidth": 0.6,
    }  # fmt: skip
    with rc_context(style):  # type: ignore[arg-type]
        figure = Figure(figsize=(7.0, 1.5 * len(found) + 0.4), layout="constrained")
        FigureCanvasSVG(figure)
        panels = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
        for axes, trend in zip(panels, found, strict=True):
            pairs = [
                (place, session.values[trend.name])
                for place, session in enumerate(sessions, 1)
                if trend.name in session.values
            ]
            axes.plot(*zip(*pairs, strict=True), "o", color=_POINT, markersize=4)
            if trend.mean is not None:
                axes.axhline(trend.mean.estimate, color=_POINT, linewidth=1)
                axes.axhspan(trend.mean.low, trend.mean.high, color=_POINT, alpha=0.15, linewidth=0)
            if trend.within:
                axes.axhline(0.0, color=_QUIET, linewidth=0.7, linestyle=(0, (1, 2)))
            unit = f" ({trend.unit})" if trend.unit else ""
            axes.set_title(f"{trend.title}{unit}", loc="left", fontsize=10, color=_INK)
            axes.spines[["top", "right"]].set_visible(False)
            axes.margins(y=0.2)
            axes.locator_params(axis="y", nbins=4)
            axes.xaxis.get_major_locator().set_params(integer=True)
        panels[-1].set_xlabel("session", color=_QUIET)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return inline(text.getvalue())
