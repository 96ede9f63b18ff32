"""Which channels of a file are taken: the first usable one of each signal, or those that are named.

All formats choose here, so each can say what it took, what it left, why, and how to take that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sensors.errors import RecordingError, SettingsError
from sensors.files.channels import Channel, ChannelChoice, ChannelOffer
from sensors.labels import LabelMeaning, meaning_of, signal_named, signal_of, words_of
from sensors.signals import UNITS, FloatArray, Signal
from sensors.units import conversion, split_unit

__all__ = ["choose", "misfit", "place_of"]

_AXES = 3
_MOST_NEGATIVE = 0.1  #: share of a conductance; amplifiers drift a little below zero. Ours
_OTHER_ROLES = ("time", "marker")
#: Medians of a signal whose unit is not written, in ours. Wide; beyond, it is in another one. Ours.
_MEDIANS: dict[Signal, tuple[float, float]] = {
    Signal.EDA: (0.005, 120.0),
    Signal.HR: (15.0, 260.0),
    Signal.TEMP: (5.0, 60.0),
    Signal.ACC: (0.1, 4.0),
}
#: Units that another one is written for. A micro sign that a program cannot write becomes an m.
_MISTAKEN: dict[Signal, tuple[str, ...]] = {
    Signal.EDA: ("uS",),
    Signal.TEMP: ("C", "F", "K"),
}


def choose(
    offers: Sequence[ChannelOffer], wanted: Mapping[str, str] | None, name: str
) -> ChannelChoice:
    """Choose among the channels of a file.

    Parameters
    ----------
    offers
        In the order of the file.
    wanted
        From a signal to the channel's label, with a unit in brackets where the file has none or a
        wrong one; None where labels tell.
    name
        The file's, for errors.

    Returns
    -------
    ChannelChoice
        With a sentence for each signal of which there was more than one channel.

    Raises
    ------
    RecordingError
        When a channel that is named is not there, or its unit is none of its signal.
    SettingsError
        When the map names a signal that there is none of.
    """
    choice = ChannelChoice()
    if wanted is not None and set(wanted) - set(_OTHER_ROLES):
        _take_wanted(choice, offers, wanted, name)
    else:
        _take_known(choice, offers)
    used = {place: s for s, columns in choice.taken.items() for place, _ in columns}
    others: dict[Signal, list[str]] = {}
    for place, offer in enumerate(offers):
        if place in used:
            choice.channels.append(Channel(offer.label, used[place].value, taken=True))
            continue
        signal = _signal_of(offer)
        why, columns = _why_not(offer, signal, choice, wanted)
        choice.channels.append(
            Channel(offer.label, signal.value if signal else "", False, why, columns)
        )
        how = meaning_of(offer.name or offer.label, offer.kind, offer.unit)
        same = (
            how is not None
            and signal in choice.taken
            and (how.inverse and not choice.taken[how.signal][0][1].inverse)
        )  # a resistance beside the conductance that it became
        if signal is not None and signal in choice.taken and columns and how and not same:
            others.setdefault(signal, []).append(columns)
    for signal, more in others.items():
        if wanted is None or signal.value not in wanted:
            first = offers[choice.taken[signal][0][0]].label
            choice.warnings.append(
                f"of {len(more) + 1} channels of {signal} the first, {first!r}, is taken; for "
                f'another add --columns "{more[0]}"'
                if signal is not Signal.ACC
                else f"of more axes than three the first are taken, from {first!r} on"
            )
    return choice


def misfit(
    signal: Signal, offer: ChannelOffer, wanted: Mapping[str, str] | None, values: FloatArray
) -> str:
    """Return why numbers cannot be a signal in their unit; empty where they can.

    Where the file tells the unit it is believed, unless the numbers are none in it and are so in
    another that is easily written for it, as mS is where a micro sign was lost: that is asked.

    Parameters
    ----------
    signal
        What is measured.
    offer
        The channel, whose unit the file may tell.
    wanted
        What the user named, perhaps with a unit behind it.
    values
        Shape (n, channels).

    Returns
    -------
    str
        A reason, in words.
    """
    if signal not in _MEDIANS or split_unit((wanted or {}).get(signal.value, ""))[1]:
        return ""
    if offer.unit:
        return _misspelt(signal, offer, values)
    low, high = _MEDIANS[signal]
    known = values[np.isfinite(values)]
    if signal is Signal.EDA and np.count_nonzero(known < 0.0) > _MOST_NEGATIVE * len(known):
        return "many of its numbers are negative, as no conductance is; say their unit, of uS or nS"
    middle = _middle(signal, values)
    if math.isnan(middle) or low <= middle <= high:
        return ""
    units = {
        Signal.EDA: "uS, nS, S or kOhm",
        Signal.HR: "bpm",
        Signal.TEMP: "C, F or K",
        Signal.ACC: "g, mg or m/s2",
    }
    return f"half of its numbers are beyond {middle:.3g}, so they are in another unit than " + (
        f"{units[signal].split(',')[0].split(' ')[0]}; say which, of {units[signal]}"
    )


def _middle(signal: Signal, values: FloatArray) -> float:
    """Return the median of what is not 0; of acceleration that of its size; NaN where all is."""
    size = np.sqrt((values**2).sum(axis=1)) if signal is Signal.ACC else values[:, 0]
    size = size[np.isfinite(size) & (size != 0.0)]
    return float(np.median(size)) if len(size) else math.nan


def _misspelt(signal: Signal, offer: ChannelOffer, values: FloatArray) -> str:
    """Return why a written unit is doubtful; empty where its numbers may be in it."""
    written = conversion(signal, offer.unit)
    low, high = _MEDIANS[signal]
    middle = _middle(signal, values)
    if written is None or written.inverse or math.isnan(middle) or low <= middle <= high:
        return ""
    for unit in _MISTAKEN.get(signal, ()):
        other = conversion(signal, unit)
        if other is None or other == written:
            continue
        fits = other.factor * (middle - written.offset) / written.factor + other.offset
        if low <= fits <= high:
            return (
                f"its unit is written {offer.unit!r}, in which half of its numbers are beyond "
                f"{middle:.3g} {UNITS[signal]}, as on no body; in {unit} they could be: say which"
            )
    return ""


def _take_wanted(
    choice: ChannelChoice, offers: Sequence[ChannelOffer], wanted: Mapping[str, str], name: str
) -> None:
    known = [signal.value for signal in Signal]
    for key, text in wanted.items():
        if key in _OTHER_ROLES:
            continue
        if key not in known:
            raise SettingsError(
                f"there is no signal {key!r}",
                hint=f"A map may name: {', '.join([*_OTHER_ROLES, *known])}.",
            )
        signal = Signal(key)
        place, unit = place_of(text, offers, name)
        if offers[place].why_not:
            raise RecordingError(
                f"the channel {offers[place].label!r} of {name} cannot be taken: "
                f"{offers[place].why_not}",
                hint="Take another one, or leave --columns out.",
            )
        how = LabelMeaning(signal, None) if signal is Signal.RR and not unit else None
        if how is None:
            found = conversion(signal, unit)
            if found is None:
                raise RecordingError(
                    f"the column {offers[place].label!r} of {name} is in {unit!r}, which is no "
                    f"unit of {key}",
                    hint="If it is wrong, say the right one, as "
                    f'--columns "{key}={split_unit(text)[0]} [UNIT]".',
                )
            how = LabelMeaning(signal, found.factor, found.offset, found.inverse)
        axes = _axes_from(place, offers) if signal is Signal.ACC else [place]
        choice.taken[signal] = [(axis, how) for axis in axes]


def _axes_from(place: int, offers: Sequence[ChannelOffer]) -> list[int]:
    """Return where the axes of the acceleration are of which one was named."""
    others = [
        other
        for other, offer in enumerate(offers)
        if other > place
        and offer.group == offers[place].group
        and offer.unit == offers[place].unit
        and _signal_of(offer) is Signal.ACC
    ]
    return [place, *others[: _AXES - 1]]


def place_of(text: str, offers: Sequence[ChannelOffer], name: str) -> tuple[int, str]:
    """Return which channel a user named, and in which unit it is.

    Parameters
    ----------
    text
        A label, with or without its unit, or with another one; or a number from 1.
    offers
        Of the file.
    name
        The file's, for the error.

    Returns
    -------
    tuple[int, str]
        Its place, and the unit that the user wrote, else the file.

    Raises
    ------
    RecordingError
        When there is none, with those that there are.
    """
    bare, unit = split_unit(text)
    for wish, own in ((text, ""), (bare, unit)):
        for place, offer in enumerate(offers):
            if wish.strip() in (offer.label, offer.name or offer.label):
                return place, own or offer.unit
    if bare.isdecimal() and len(bare) < 7 and 0 < int(bare) <= len(offers):
        return int(bare) - 1, unit or offers[int(bare) - 1].unit
    raise RecordingError(
        f"{name} has no column {text!r}",
        hint=f"It has: {', '.join(offer.label for offer in offers)}.",
    )


def _signal_of(offer: ChannelOffer) -> Signal | None:
    return signal_of(offer.name or offer.label, offer.kind)


def _take_known(choice: ChannelChoice, offers: Sequence[ChannelOffer]) -> None:
    found: dict[Signal, list[tuple[int, LabelMeaning]]] = {}
    for place, offer in enumerate(offers):
        how = meaning_of(offer.name or offer.label, offer.kind, offer.unit)
        if how is not None and not offer.why_not:
            found.setdefault(how.signal, []).append((place, how))
    if Signal.ACC not in found:
        axes = [
            (place, replace(how, signal=Signal.ACC))
            for place, offer in enumerate(offers)
            if words_of(offer.name or offer.label) in (["x"], ["y"], ["z"])
            and (how := meaning_of("acc", unit=offer.unit)) is not None
        ]
        if len(axes) == _AXES:
            found[Signal.ACC] = axes
    for signal in sorted(found, key=lambda s: found[s][0][0]):
        columns = found[signal]
        if signal is Signal.ACC:
            group = offers[columns[0][0]].group
            choice.taken[signal] = [c for c in columns if offers[c[0]].group == group][:_AXES]
        else:
            choice.taken[signal] = sorted(columns, key=lambda column: _rank(column, offers))[:1]


def _rank(column: tuple[int, LabelMeaning], offers: Sequence[ChannelOffer]) -> tuple[bool, bool]:
    """Return what goes first: a conductance, not the resistance it was computed from; a name."""
    place, how = column
    named = signal_named(offers[place].name or offers[place].label)
    return how.inverse, named is None


def _why_not(
    offer: ChannelOffer,
    signal: Signal | None,
    choice: ChannelChoice,
    wanted: Mapping[str, str] | None,
) -> tuple[str, str]:
    """Return why a channel is left out, and what takes it."""
    if offer.why_not:
        return offer.why_not, ""
    if signal is None:
        return "its name is that of no known signal", ""
    how = meaning_of(offer.name or offer.label, offer.kind, offer.unit)
    if how is None:
        unit = (
            f"{offer.unit!r} is no unit of {signal}" if offer.unit else "it does not tell its unit"
        )
        return unit, f"{signal}={split_unit(offer.label)[0]} [UNIT]"
    if signal in choice.taken:
        return f"another channel of {signal} is taken", f"{signal}={offer.label}"
    if wanted is not None:
        return "it was not asked for", f"{signal}={offer.label}"
    return "", f"{signal}={offer.label}"
