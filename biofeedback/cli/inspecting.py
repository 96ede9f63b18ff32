"""The command that looks into a recording: what is there, what is taken, and how to take more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.console import escape
from biofeedback.cli.options import Columns, Json, Rate

__all__ = ["inspect"]


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording of any format.")],
    columns: Columns = None,
    rate: Rate = None,
    as_json: Json = False,
) -> None:
    """Say what a recording holds, and what is taken of it."""
    from biofeedback.cli.options import column_map
    from biofeedback.common.errors import ConfigError
    from biofeedback.offline.recordings import read_recording
    from biofeedback.record.reader import is_session

    if is_session(file):
        raise ConfigError(
            f"{file} is a session of ours, not a recording to be read",
            hint=f"See it with: {console.command('analyze', str(file))}",
        )
    found = read_recording(file, columns=column_map(columns) if columns else None, rate_hz=rate)
    signals = [
        {
            "signal": chunk.signal.value,
            "samples": len(chunk),
            "rate_hz": chunk.rate_hz,
            "lost_s": sum(g.end_s - g.start_s for g in found.gaps if g.signal is chunk.signal),
        }
        for chunk in found.series
    ]
    channels = [
        {
            "label": channel.label,
            "role": channel.role or None,
            "taken": channel.taken,
            "why": channel.why or None,
            "command": console.command("analyze", str(file), "--columns", channel.columns)
            if channel.columns
            else None,
        }
        for channel in found.channels
    ]
    if as_json:
        console.as_json(
            {
                "format": found.format,
                "started": None if found.started is None else found.started.isoformat(),
                "duration_s": found.duration_s,
                "signals": signals,
                "channels": channels,
                "markers": len(found.markers),
                "warnings": list(found.warnings),
            }
        )
        return
    began = "" if found.started is None else f", from {_moment(found.started)}"
    lines = [f"{found.format}, {found.duration_s:.1f} s{began}, {len(found.markers)} markers"]
    for one in signals:
        rate_text = f"at {one['rate_hz']:.4g} Hz" if one["rate_hz"] else "each with its time"
        lines.append(
            f"  {one['signal']}: {one['samples']} samples {rate_text}, {one['lost_s']:.1f} s lost"
        )
    for channel in channels:
        if channel["taken"]:
            lines.append(f"  {channel['label']!r} is taken as {channel['role']}")
            continue
        how = f"; take it with: {channel['command']}" if channel["command"] else ""
        lines.append(f"  {channel['label']!r} is left out: {channel['why'] or 'not known'}{how}")
    lines += [f"Note: {warning}" for warning in found.warnings]
    for line in lines:
        console.out.print(escape(line), highlight=False, soft_wrap=True)


def _moment(started: datetime) -> str:
    """Return a start that may have a time zone: with one in UTC, and without as it stands there."""
    if started.tzinfo is None:
        return f"{started:%Y-%m-%d %H:%M:%S} by the recorder's own clock"
    return f"{started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
