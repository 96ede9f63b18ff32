"""The part of a sensor's URI behind its scheme: a place, and options behind a question mark."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qsl

from sensors.errors import SettingsError
from sensors.signals import Signal

__all__ = ["check_wait", "place_of", "port_of", "signal_named", "split"]


def split(target: str, known: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return the place and the options of ``PLACE?key=value&key=value``.

    Parameters
    ----------
    target
        What follows the scheme of a URI.
    known
        The options there are.

    Returns
    -------
    tuple[str, dict[str, str]]
        Place without spaces around it; options by name.

    Raises
    ------
    SettingsError
        For an option that is not among `known`, empty or given twice.
    """
    place, _, query = target.partition("?")
    options: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in known:
            raise SettingsError(f"unknown option {key!r}", hint=f"Known are {', '.join(known)}.")
        if not value or key in options:
            raise SettingsError(f"the option {key!r} needs one value", hint=f"Give {key}=VALUE.")
        options[key] = value
    return place.strip(" "), options


def place_of(place: str, default_host: str, example: str) -> tuple[str, int]:
    """Return host and port of ``[HOST:]PORT``; an IPv6 address stands in brackets.

    Parameters
    ----------
    place
        ``[HOST:]PORT``.
    default_host
        Where none is named.
    example
        A URI that is right, for the hint.

    Returns
    -------
    tuple[str, int]
        Host without brackets, port 1 to 65535.

    Raises
    ------
    SettingsError
        For anything else.
    """
    host, _, port = place.rpartition(":")
    return host.strip("[]") or default_host, port_of(port, example)


def port_of(text: str, example: str) -> int:
    """Return a port; raise `SettingsError` with an example for anything else.

    Parameters
    ----------
    text
        Digits.
    example
        A URI that is right, for the hint.

    Returns
    -------
    int
        1 to 65535.

    Raises
    ------
    SettingsError
        For anything else.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SettingsError(f"{text!r} is not a port", hint=f"Give one, as in {example}.")
    return int(text)


def signal_named(name: str) -> Signal:
    """Return the signal of that name; raise `SettingsError` when there is none.

    Parameters
    ----------
    name
        Such as "eda".

    Returns
    -------
    Signal
        The signal.

    Raises
    ------
    SettingsError
        When there is none.
    """
    try:
        return Signal(name)
    except ValueError:
        known = ", ".join(signal.value for signal in Signal)
        raise SettingsError(f"there is no signal {name!r}", hint=f"Signals are {known}.") from None


def check_wait(wait_s: float) -> None:
    """Raise `SettingsError` for a first wait that makes no sense.

    Parameters
    ----------
    wait_s
        In s.

    Raises
    ------
    SettingsError
        Outside of 0 to 3600.
    """
    if not 0.0 < wait_s <= 3600.0:
        raise SettingsError(f"a wait of {wait_s:g} s", hint="Give 1 to 3600 s.")
