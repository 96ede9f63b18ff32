"""A capture of a strap that lost its link for a while, and whose electrodes came off once."""

from __future__ import annotations

from random import Random

from sensors.captures.capture import Capture, CaptureEvent
from sensors.codecs.heart_rate import HeartRateMeasurement

__all__ = ["a_strap"]

_MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"


def a_strap(seconds: int = 90) -> Capture:
    """Return it: a packet a second, none between the 20th and the 30th."""
    rng = Random(5)
    events = [CaptureEvent(0.5, "connected", mtu=185)]
    for second in range(1, seconds + 1):
        if second == 20:
            events.append(CaptureEvent(20.2, "link", state="lost", reason="link"))
        if second == 30:
            events.append(CaptureEvent(29.8, "connected", mtu=185))
        if not 20 <= second < 30:
            worn = not 50 <= second < 55
            rr = (round(1024 * rng.uniform(0.93, 1.07)),) if worn else ()
            packet = HeartRateMeasurement(60 if worn else 0, rr, worn).encode()
            arrival_s = second + rng.uniform(0.0, 0.05)
            events.append(CaptureEvent(arrival_s, "packet", _MEASUREMENT, packet))
    return Capture("Sensor", (), (), "strap", tuple(events), float(seconds) + 1.0)
