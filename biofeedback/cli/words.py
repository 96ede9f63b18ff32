"""Numbers as a person reads them."""

from __future__ import annotations

__all__ = ["ago_text", "clock_text", "counted", "signal_words", "size_text"]


def clock_text(seconds: float) -> str:
    """Return a duration as m:ss, or h:mm:ss from an hour on."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def ago_text(seconds: float) -> str:
    """Return how long ago something was: "12 s ago", or "2:05 ago" from a minute on."""
    return f"{clock_text(seconds)} ago" if seconds >= 60.0 else f"{int(seconds)} s ago"


def counted(number: int, thing: str) -> str:
    """Return "1 session", "2 sessions"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def signal_words(rssi_dbm: int | None) -> str:
    """Return the strength of a signal in words; None means that the device is connected already."""
    if rssi_dbm is None:
        return "connected"
    strength = "strong" if rssi_dbm >= -65 else "good" if rssi_dbm >= -80 else "weak"
    return f"{strength} ({rssi_dbm} dBm)"


def size_text(size_bytes: int) -> str:
    """Return the size of a file in kB or MB."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{size_bytes / 1e3:.1f} kB"
