"""The report: one HTML file that needs nothing else, neither scripts nor a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import numpy as np

from biofeedback.record.lines import HOLES
from biofeedback.report import figure, phases, summary
from biofeedback.report.html import document, region
from biofeedback.report.numbers import numbers, whole_session
from biofeedback.report.response import response
from biofeedback.report.self_reports import said, worked
from biofeedback.report.session_data import SessionData, read_story
from biofeedback.report.signal_quality import sensing
from biofeedback.report.words import clock, ending, joined, length, rounded, share, unit
from biofeedback.state.baseline_text import USUAL_REST_S, planned_rest_s, stored_rest_in_words
from biofeedback.storage import files

__all__ = ["NAME", "render", "write"]

NAME = "report.html"
SIMULATED = "Simulated: shows that the control loop works, not a benefit to a person"


def write(session: Path, progress: Callable[[float], None]) -> Path:
    """Write the report of a session (folder or log) into its folder; return the file's path.

    `progress` is told the share that is done. A report that is there is replaced whole or not at
    all.

    Raises
    ------
    LogError
        The log is missing or cannot be read.
    FolderError
        The folder cannot be written.
    """
    story = read_story(session, lambda part: progress(0.4 * part))
    text = render(story, lambda part: progress(0.4 + 0.6 * part))
    path = story.folder / NAME
    hint = "Check that the session's folder is yours and that the disk has room."
    files.save(path, text.encode(), hint=hint)
    return path


def render(story: SessionData, progress: Callable[[float], None]) -> str:
    """Return the whole page."""
    wide = figure.draw(story, figure.WIDE)
    progress(0.6)
    narrow = figure.draw(story, figure.NARROW)
    progress(0.95)
    return document(
        f"{_title(story)}, {_when(story)}",
        [
            "<main>",
            *_header(story),
            *_tiles(story),
            *_summary(story),
            *_figure(story, wide, narrow),
            *_timeline(story),
            *said(story),
            *response(story),
            *worked(story),
            *numbers(story),
            *whole_session(story),
            *sensing(story),
            *_facts(story),
            "</main>",
            *_footer(story),
        ],
    )


def _title(story: SessionData) -> str:
    return "A replayed session" if story.replayed else "Your session"


def _when(story: SessionData) -> str:
    """Return when it was: of a replay when it was recorded, as far as the recording tells."""
    began = story.header.began
    if began is None:
        played = _moment(datetime.fromisoformat(story.header.started_utc).astimezone(UTC))
        return f"replayed {played} from a recording that does not say when it was made"
    verb = "recorded" if story.replayed else "started"
    return f"{verb} {_moment(began)}"


def _moment(time: datetime) -> str:
    if time.tzinfo is None:
        return f"{time.day} {time:%B %Y, %H:%M}, by the clock of the recorder"
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def _header(story: SessionData) -> list[str]:
    title = "A simulated session" if story.header.simulated else _title(story)
    when = _when(story)
    parts = [
        "<header>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="when">{escape(when[0].upper() + when[1:])} · {length(story.duration_s)}</p>',
    ]
    if story.header.simulated:
        parts.append(f'<p class="badge">{SIMULATED}</p>')
    for why in sorted({line.why for line in story.losses} - {"disk"}):
        count = sum(line.last - line.first + 1 for line in story.losses if line.why == why)
        parts.append(
            f'<p class="badge">{count} lines of the log are missing, since {HOLES[why]}; what this '
            "says leaves them out</p>"
        )
    if story.end is None:
        parts.append(
            '<p class="badge">Cut short: the log has no end, so this is what was saved until then'
            "</p>"
        )
    return [*parts, "</header>"]


def _tiles(story: SessionData) -> list[str]:
    tiles = [("Length", length(story.duration_s), "")]
    change = summary.arousal_change(story)
    if change is not None:
        tiles.append(
            ("Arousal estimate", f"{change.first:.2f} → {change.last:.2f}", "0 to 1, rest is 0.30")
        )
    rate = story.metrics.get("heart_rate")
    if rate is not None and np.isfinite(rate.values).any():
        low, high = float(np.nanmin(rate.values)), float(np.nanmax(rate.values))
        mean = f"{np.nanmean(rate.values):.0f}"
        tiles.append(("Heart rate", mean, f"per minute, {low:.0f} to {high:.0f}"))
    if story.tempo:
        low, high = (function(bpm for _, bpm in story.tempo) for function in (min, max))
        text = f"{low:.0f}" if f"{low:.0f}" == f"{high:.0f}" else f"{low:.0f} to {high:.0f}"
        tiles.append(("Tempo of the music", text, "beats per minute"))
    if len(story.states.times_s):
        tiles.append(("Signal good enough", share(summary.followed_share(story)), "of the time"))
    return [
        '<dl class="tiles">',
        *(
            f"<div><dt>{name}</dt><dd>{value}<small>{detail}</small></dd></div>"
            for name, value, detail in tiles
        ),
        "</dl>",
    ]


def _summary(story: SessionData) -> list[str]:
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in summary.sentences(story))
    return ['<section class="summary">', "<h2>In short</h2>", said, "</section>"]


def _figure(story: SessionData, wide: str, narrow: str) -> list[str]:
    text = escape(_figure_in_words(story), quote=True)
    return [
        "<section>",
        "<h2>The session at a glance</h2>",
        "<figure>",
        f'<div class="plot" role="img" aria-label="{text}">',
        f'<div class="wide">{wide}</div>',
        f'<div class="narrow">{narrow}</div>',
        "</div>",
        "<figcaption>All panels share one time axis. Shaded in grey: no trustworthy samples from "
        "the sensor of that panel, or from any sensor in the lower panels. Dashed vertical lines "
        "are markers. The band of arousal is paler where the estimate is less sure. "
        "Long sessions are thinned so that each highest and lowest value stays."
        "</figcaption>",
        "</figure>",
        "</section>",
    ]


def _figure_in_words(story: SessionData) -> str:
    parts = ["Seven panels over time, from 0 to " + length(story.duration_s) + "."]
    for name, label in (("heart_rate", "Heart rate"), ("rmssd", "RMSSD"), ("scl", "Skin level")):
        series = story.metrics.get(name)
        if series is None or not np.isfinite(series.values).any():
            parts.append(f"{label}: not measured.")
            continue
        low, high = float(np.nanmin(series.values)), float(np.nanmax(series.values))
        parts.append(f"{label}: {rounded(low)} to {rounded(high)} {unit(series.unit)}.")
    change = summary.arousal_change(story)
    if change is not None:
        parts.append(f"Arousal: from {change.first:.2f} to {change.last:.2f}.")
    if story.tempo:
        low, high = (function(bpm for _, bpm in story.tempo) for function in (min, max))
        parts.append(f"Tempo: {low:.0f} to {high:.0f} beats per minute.")
    if len(story.decisions.density):
        density = story.decisions.density
        parts.append(f"Density: {density.min():.1f} to {density.max():.1f} notes per beat.")
    if story.keys:
        parts.append(f"Keys: {joined(list(dict.fromkeys(name for _, name in story.keys)))}.")
    return " ".join(parts)


def _timeline(story: SessionData) -> list[str]:
    rows = []
    events = phases.events(story)
    for event in events:
        if event.kind == "phase":
            when = f"{clock(event.start_s)} – {clock(event.end_s)}"
            rows.append(_row(when, event.what, event.detail, "phase"))
        else:
            rows.append(_row(clock(event.start_s), event.what, event.detail, "moment"))
    note = (
        f"Each row sums up a stretch in which the music had one reason. Stretches below "
        f"{phases.shortest_s(story):.0f} s are joined to the one before; the log has every "
        "decision. An arrow leads from the first value to the last, “to” stands between the "
        "lowest and the highest."
    )
    return [
        "<section>",
        "<h2>What changed, and why</h2>",
        f'{region("What changed")}<table class="events">',
        "<thead><tr><th>Time</th><th>What happened</th><th>The music</th></tr></thead>",
        "<tbody>",
        *rows,
        "</tbody></table></div>",
        f'<p class="note">{note}</p>',
        "</section>",
    ]


def _row(when: str, what: str, detail: str, kind: str) -> str:
    return (
        f'<tr class="{kind}"><td class="time">{when}</td><td>{escape(what)}</td>'
        f'<td class="music">{escape(detail)}</td></tr>'
    )


def _rest(story: SessionData) -> str:
    started_utc = datetime.fromisoformat(story.header.started_utc)
    stored = stored_rest_in_words(story.header.baseline, started_utc)
    if stored:
        return f"stored, {stored}"
    rest_s = planned_rest_s(story.header.config)
    text = f"the first {rest_s:.0f} s of this session"
    return text if rest_s >= USUAL_REST_S else f"{text}; shorter than usual, so weaker"


def _facts(story: SessionData) -> list[str]:
    header, setup = story.header, story.setup
    facts = [
        ("Programme", setup.title),
        ("Strategy", setup.control.strategy),
        ("Style of the music", setup.music.style),
        ("Sensors", ", ".join(story.sources) or "none delivered"),
        ("Profile", header.profile or "none"),
        ("Resting values", _rest(story)),
        ("Seed", str(header.seed)),
        ("How it ended", ending(story.end)),
    ]
    return [
        "<section>",
        "<h2>The set-up</h2>",
        '<dl class="facts">',
        *(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts if value),
        "</dl>",
        "</section>",
    ]


#: What a session's folder is called unless somebody renamed it, after a person perhaps.
_STAMP = re.compile(r"\d{8}T\d{6}Z(-\d+)?")


def _named(story: SessionData) -> str:
    return story.folder.name if _STAMP.fullmatch(story.folder.name) else "SESSION"


def _footer(story: SessionData) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in story.header.versions.items())
    return [
        "<footer>",
        "<p>For relaxation and stress awareness; not a treatment, no diagnosis.</p>",
        f"<p>Identical regeneration: <code>biofeedback verify {escape(_named(story))}</code></p>",
        f"<p>{escape(versions)} · {escape(story.header.platform)}</p>",
        "</footer>",
    ]
