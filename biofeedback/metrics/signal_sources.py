"""Which source of each signal counts, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from sensors.base import SensorStatus
from sensors.signals import Signal

__all__ = ["SignalSources", "SourceChoice"]

#: What data are worth while the sensor itself reports no skin contact. Our own choice.
_NO_CONTACT_TRUST = 0.1


class SourceChoice:
    """Stays with the first source that delivers; another takes over after `patience_s` silence.

    Parameters
    ----------
    patience_s
        How long the source in use may be silent before another takes over.

    Attributes
    ----------
    source
        The source in use; None before the first sample.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.source: str | None = None
        self._last_s = 0.0

    def accepts(self, source: str, time_s: float) -> bool:
        """Say whether samples of `source` count; `time_s` is the time of the latest of them.

        Parameters
        ----------
        source
            Who sends.
        time_s
            Session time of the latest of its samples.

        Returns
        -------
        bool
            True when it is the source in use.
        """
        silent = time_s - self._last_s > self._patience_s
        if self.source is None or (source != self.source and silent):
            self.source = source
        if source != self.source:
            return False
        self._last_s = max(self._last_s, time_s)
        return True


class SignalSources:
    """The source of each signal, its contact with the skin, and the trust that it asks for.

    Parameters
    ----------
    patience_s
        How long the source in use may be silent before another takes over.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._choices: dict[Signal, SourceChoice] = {}
        self._contact: dict[str, bool | None] = {}
        self._told_trust: dict[str, Mapping[str, float]] = {}

    def add(self, signal: Signal) -> None:
        """Let a signal count.

        Parameters
        ----------
        signal
            One that is asked for.
        """
        self._choices.setdefault(signal, SourceChoice(self._patience_s))

    def of(self, signal: Signal) -> SourceChoice | None:
        """Return the choice among the sources of a signal.

        Parameters
        ----------
        signal
            Any.

        Returns
        -------
        SourceChoice | None
            None for a signal that does not count.
        """
        return self._choices.get(signal)

    def is_alike(self, signal: Signal, others: tuple[Signal, ...]) -> bool:
        """Say whether what gives a signal gives one of some others too.

        Parameters
        ----------
        signal
            One of those that were added.
        others
            Such too.

        Returns
        -------
        bool
            False where nothing gives the signal.
        """
        source = self._choices[signal].source
        return source is not None and source in {self._choices[s].source for s in others}

    def feed(self, status: SensorStatus) -> None:
        """Take in what a sensor says of itself.

        Parameters
        ----------
        status
            The latest of its source.
        """
        self._contact[status.source] = status.contact
        self._told_trust[status.source] = status.trust

    def trust(self, signal: Signal) -> float:
        """Return what the samples of a signal are worth.

        Parameters
        ----------
        signal
            One that counts.

        Returns
        -------
        float
            0 to 1.
        """
        return self.contact_trust(signal) * self.worth(signal)

    def worth(self, signal: Signal) -> float:
        """Return what the source of a signal itself says that it is worth.

        Parameters
        ----------
        signal
            One that counts.

        Returns
        -------
        float
            0 to 1.
        """
        source = self._choices[signal].source
        told = self._told_trust.get(source) if source is not None else None
        return told.get(signal.value, 1.0) if told else 1.0

    def contact_trust(self, signal: Signal) -> float:
        """Return what the contact of the source of a signal leaves of its worth.

        Parameters
        ----------
        signal
            One that counts.

        Returns
        -------
        float
            1 unless the sensor says that it has none.
        """
        source = self._choices[signal].source
        lost = source is not None and self._contact.get(source) is False
        return _NO_CONTACT_TRUST if lost else 1.0
