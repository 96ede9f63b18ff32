"""Heart rate variability in time: RMSSD, SDNN, pNN50, and SD1 and SD2 of the Poincare plot.

In that plot each NN interval stands against the one before it. SD1 is the spread across the line of
identity, SD2 the spread along it (Brennan et al. 2001, doi 10.1109/10.959330). SD1 is RMSSD in
other clothes (RMSSD / sqrt(2) but for the mean step) and adds no information of its own.
"""

from __future__ import annotations

from biofeedback.common.portable_math import log
from biofeedback.metrics.base import Metric, Reading
from biofeedback.metrics.beat_window import BeatWindow

__all__ = ["BeatMetrics", "LnRmssd", "Pnn50", "Rmssd", "Sd1", "Sd2", "Sdnn"]


class Rmssd:
    """Root mean square of the steps between neighbouring NN intervals, in ms.

    Parameters
    ----------
    beats
        The window of beats.

    References
    ----------
    Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return RMSSD; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            In ms.
        """
        value = self._beats.rmssd_ms()
        return self._beats.reading("rmssd", value, "ms", now_s, contact)


class LnRmssd:
    """Natural logarithm of RMSSD in ms, over a shorter window: the form that control uses.

    RMSSD is roughly log-normal, so steps of equal size mean the same to everybody. None when all
    steps are zero, which no heart does.

    Parameters
    ----------
    beats
        The window of beats.

    References
    ----------
    Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
    Munoz et al. 2015, PLoS ONE 10, for short windows
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return ln(RMSSD / 1 ms); `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            In the logarithm of ms.
        """
        rmssd_ms = self._beats.rmssd_ms()
        value = log(rmssd_ms) if rmssd_ms else None
        return self._beats.reading("ln_rmssd", value, "ln ms", now_s, contact)


class Sdnn:
    """Sample standard deviation of the NN intervals, in ms.

    Parameters
    ----------
    beats
        The window of beats.

    References
    ----------
    Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return SDNN; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            In ms.
        """
        value = self._beats.sdnn_ms()
        return self._beats.reading("sdnn", value, "ms", now_s, contact)


class Pnn50:
    """Percentage of steps above 50 ms, over the number of steps + 1.

    That denominator is neurokit2's; many tools divide by the number of steps, which gives a value
    larger by 1 part in the number of steps.

    Parameters
    ----------
    beats
        The window of beats.

    References
    ----------
    Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return pNN50; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            In %, 0 to below 100.
        """
        value = self._beats.pnn50_percent()
        return self._beats.reading("pnn50", value, "%", now_s, contact)


class Sd1:
    """Sample standard deviation of the steps between joined NN intervals, over sqrt(2), in ms.

    Parameters
    ----------
    beats
        The window of beats.

    References
    ----------
    Brennan et al. 2001, doi 10.1109/10.959330
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return SD1; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            In ms.
        """
        value = self._beats.sd1_ms()
        return self._beats.reading("sd1", value, "ms", now_s, contact)


class Sd2:
    """Sample standard deviation of the sums of joined NN intervals, over sqrt(2), in ms.

    Parameters
    ----------
    beats
        The window of beats.

    References
    ----------
    Brennan et al. 2001, doi 10.1109/10.959330
    """

    def __init__(self, beats: BeatWindow) -> None:
        self._beats = beats

    def read(self, now_s: float, contact: float) -> Reading:
        """Return SD2; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            In ms.
        """
        value = self._beats.sd2_ms()
        return self._beats.reading("sd2", value, "ms", now_s, contact)


class BeatMetrics:
    """Several metrics of beats, read together.

    Parameters
    ----------
    *metrics
        In the order in which they are read.
    """

    def __init__(self, *metrics: Metric) -> None:
        self._metrics = metrics

    def read(self, now_s: float, contact: float) -> tuple[Reading, ...]:
        """Return the value of each; `contact` 0..1 scales the quality.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        tuple[Reading, ...]
            In the order of the metrics.
        """
        return tuple([metric.read(now_s, contact) for metric in self._metrics])
