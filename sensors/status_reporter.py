"""What a sensor says about itself: a status whenever any part of it is new, bad input counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sensors.base import LinkState, SensorStatus
from sensors.error_counter import BadKind, ErrorCounter

__all__ = ["DRIFT_STEP_PPM", "LOW_BATTERY_PERCENT", "StatusReporter"]

LOW_BATTERY_PERCENT = 20
DRIFT_STEP_PPM = 10.0  #: smaller changes of a clock's drift are not told


class StatusReporter:
    """Keeps a sensor's status and its counts of bad input.

    `say` returns the status if anything in it is new. While the sensor streams, its `detail` is
    advice or `trouble`, or else what `portrait` was last set to; a new portrait is told before.

    Parameters
    ----------
    source
        The sensor's name, which its samples bear.
    no_contact
        What a wearer can do about a lost contact, as a sentence.
    low_battery
        What to do about a low battery, as the end of a sentence.
    profile
        That its packets are decoded with, as statuses tell it; empty for none.

    Attributes
    ----------
    status
        The latest status.
    portrait
        What is known of the device, as sentences.
    trouble
        What it does not do, and why, as a sentence.
    trust
        What its signals are worth, 0 to 1 by name; without those that nobody doubts.
    """

    def __init__(self, source: str, no_contact: str, low_battery: str, profile: str = "") -> None:
        self.status = SensorStatus(source, 0.0, "ended", profile=profile)
        self.portrait = ""  #: what is known of the device, as sentences
        self.trouble = ""  #: what it does not do, and why, as a sentence
        self.trust: Mapping[str, float] = {}  #: what doubted signals are worth
        self._portrayed = ""
        self._no_contact, self._low_battery = no_contact, low_battery
        self._bad = ErrorCounter(source)

    @property
    def source(self) -> str:
        """Return the name under which the sensor's samples travel."""
        return self.status.source

    @property
    def bad(self) -> dict[str, int]:
        """Return how much bad input came so far, by kind."""
        return self._bad.counts

    def rename(self, source: str) -> None:
        """Take the device's own name, once it is known.

        Parameters
        ----------
        source
            The name it tells; statuses say under which it was known before.
        """
        if source != self.source:
            wish = self.status.wish or self.source
            self.status = replace(self.status, source=source, wish=wish)
            self._bad.source = source

    def count_bad(self, kind: BadKind, what: str, times: int = 1) -> None:
        """Count bad input; the next `say` tells of it.

        Parameters
        ----------
        kind
            As a reader of the report sees it.
        what
            Says more about it, for the log.
        times
            How often it came.
        """
        self._bad.count(kind, what, times)

    def link(self, time_s: float, state: LinkState, detail: str) -> list[SensorStatus]:
        """Return the status of a link that has changed; of the contact nothing is known then.

        Parameters
        ----------
        time_s
            Session time.
        state
            The new state.
        detail
            A sentence that the wearer can act on, or empty.

        Returns
        -------
        list[SensorStatus]
            One status, or none when nothing is new.
        """
        return self._tell(
            replace(self.status, state=state, detail=detail, contact=None, trust={}), time_s
        )

    def say(
        self,
        time_s: float,
        *,
        contact: bool | None,
        battery_percent: int | None = None,
        drift_ppm: float | None = None,
    ) -> list[SensorStatus]:
        """Return the status of a sensor that streams; what is None stays as it was.

        Parameters
        ----------
        time_s
            Session time.
        contact
            Whether the electrodes touch the skin; None where the device cannot tell.
        battery_percent
            0 to 100.
        drift_ppm
            How fast the device's clock runs; a change below 10 is not told.

        Returns
        -------
        list[SensorStatus]
            One status, or none when nothing is new.
        """
        known_ppm = self.status.drift_ppm
        if drift_ppm is None or (
            known_ppm is not None and abs(drift_ppm - known_ppm) < DRIFT_STEP_PPM
        ):
            drift_ppm = known_ppm
        else:
            drift_ppm = round(drift_ppm, 1)
        status = replace(self.status, state="streaming", contact=contact, drift_ppm=drift_ppm)
        return self._tell(self._with_battery(status, battery_percent), time_s)

    def say_battery(self, time_s: float, percent: int) -> list[SensorStatus]:
        """Return the status if the battery has changed.

        Parameters
        ----------
        time_s
            Session time.
        percent
            0 to 100.

        Returns
        -------
        list[SensorStatus]
            One status, or none when nothing is new.
        """
        return self._tell(self._with_battery(self.status, percent), time_s)

    def say_bad(self, time_s: float) -> list[SensorStatus]:
        """Return the status if there is bad input to tell of.

        Parameters
        ----------
        time_s
            Session time.

        Returns
        -------
        list[SensorStatus]
            One status, or none when nothing is due.
        """
        return self._tell(self.status, time_s) if self._bad.is_due(time_s) else []

    def _with_battery(self, status: SensorStatus, percent: int | None) -> SensorStatus:
        return status if percent is None else replace(status, battery_percent=percent)

    def _tell(self, status: SensorStatus, time_s: float) -> list[SensorStatus]:
        told = []
        if status.state == "streaming":
            status = replace(status, trust=self.trust)
            advice, words = self._advice(status), self._words(status)
            if advice and self.portrait != self._portrayed:
                told.append(replace(self.status, time_s=time_s, state="streaming", detail=words))
            self._portrayed = self.portrait
            status = replace(status, detail=advice or words)
        if status == self.status and not self._bad.is_due(time_s):
            return told
        self.status = replace(status, time_s=time_s, bad=self._bad.tell(time_s))
        return [*told, self.status]

    def _advice(self, status: SensorStatus) -> str:
        if status.contact is False:
            return self._no_contact
        percent = status.battery_percent
        if percent is not None and percent <= LOW_BATTERY_PERCENT:
            low = f"The battery is at {percent} %: {self._low_battery}"
            return f"{low} {self.trouble}".rstrip()
        return self.trouble

    def _words(self, status: SensorStatus) -> str:
        sentences = [self.portrait] if self.portrait else []
        if status.drift_ppm is not None:
            pace = "fast" if status.drift_ppm >= 0 else "slow"
            sentences.append(f"Its clock is {abs(status.drift_ppm):.0f} ppm {pace}.")
        return " ".join(sentences)
