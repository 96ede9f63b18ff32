"""The option that says which column of a CSV file holds what."""

from __future__ import annotations

from sensors.errors import SettingsError

__all__ = ["column_map"]


def column_map(text: str) -> dict[str, str]:
    """Return {"time": "t", "rr": "RR_ms"} for "time=t,rr=RR_ms"; raise `SettingsError` else."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    if any(not (name and equals and column) for name, equals, column in pairs):
        raise SettingsError(
            f"--columns {text}: not of the form signal=column,...",
            hint="For example --columns time=t,rr=RR_ms",
        )
    return {name.strip(): column.strip() for name, _, column in pairs}
