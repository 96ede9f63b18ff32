"""Compares the log of a session with the truth that the virtual BlueZ wrote beside it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rigs.bluetooth_draw import ARMBAND, BANDS, H10, NAMESAKE, ODD, REFUSED

RETURN_S = 5.0  #: from a sensor's return, or its link's next try, to its first packet
WATCHDOG_S = 5.0
UNREAD_S = 0.1  #: what is notified this shortly before a link ends may not have been read
_READ_S = 1.0  #: a packet may be read this late on a busy machine
GOODBYE_S = 1.0  #: the same, where this side closes the link
STOP_S = 0.5  #: the same, where the session was told to stop
_TICK_S = 1 / 1024
_LOOK_S = 4.0  #: a look around, and the pause before it
#: So long after a first look without it, a device of its name may be asked whether it is the same.
_AWAY_S = 30.0
_LATE_S = 1.3  #: packets that are further apart show a machine that is too busy
#: The longest usual time between good packets of a signal.
_PERIOD_S = {"hr": 1.6, "rr": 2.6, "eda": 1.0, "ecg": 1.2, "acc": 1.5}
_CONTACT_US = 0.02  #: a band's values up to this are no contact, by its profile
_WAVES = {"ecg", "acc"}
#: Why a signal breaks off. Of crashes nothing is heard but silence, unless the bus says so first.
_REASONS: dict[str, set[str]] = {
    "drop": {"link"},
    "short stall": {"link", "stall"},
    "long stall": {"stall"},
    "delayed burst": {"link"},
    "contact loss": {"no_contact"},
    "InProgress": {"link"},
    "stale device": {"link"},
    "readdress": {"link"},
    "adapter off": {"link"},
    "bluetoothd restart": {"link"},
    "bluetoothd crash": {"stall"},
    "PMD stop": {"stall"},
    "odd bytes": {"bad_data"},
}
_PMD = "fb005c8"  #: so begin the characteristics of Polar's measurements
_EVERYWHERE = {"adapter off", "bluetoothd restart", "bluetoothd crash"}
#: What need not break a signal off.
_MILD = {"short stall", "delayed burst", "odd bytes"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A disturbance as it happened to one device, until `end_s`, when it could send again."""

    kind: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet that was notified; `surely` unless its link ended before it can have been read."""

    time_s: float
    payload: tuple[float, ...]
    good: bool
    surely: bool


@dataclass(frozen=True, slots=True)
class Return:
    """How long after a trouble's end, or the next try after it, a sensor's signal was back."""

    kind: str
    after_s: float


@dataclass(slots=True)
class Verdict:
    """What came of a scenario."""

    failures: list[str] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def judge(
    truth: Sequence[Mapping],
    log: Sequence[Mapping],
    tries: Sequence[Mapping],
    t0_s: float,
    sources: Mapping[str, str] | None = None,
) -> Verdict:
    """Return what is wrong; `t0_s` is the session's start on the clock of the truth.

    `sources` are the names in the log by device, where they differ.
    """
    verdict = Verdict()
    _strangers(truth, verdict)
    # After it was told to stop, a session reads on for as long as its goodbye takes, or not.
    stopped_s = t0_s + min(
        (line["t"] for line in log if line["kind"] == "command" and line["what"] == "stop"),
        default=log[-1]["t"],
    )
    for device in {event["dev"]: None for event in truth if event["ev"] == "device"}:
        if device.startswith(NAMESAKE):
            continue
        source = (sources or {}).get(device, device)
        mine = [event for event in truth if event.get("dev") == device]
        lines = [line for line in log if line.get("source") == source]
        troubles = _troubles(device, truth)
        addresses = {event["address"] for event in mine if event["ev"] == "device"}
        tried_s = [
            one["t"]
            for one in tries
            if one["at"] in addresses or (":" not in one["at"] and one["tries"] == device)
        ]
        ends_s = [event["t"] for event in mine if event["ev"] == "disconnect"]
        counted = sum(log[-1].get("bad", {}).get(source, {}).values())
        if (odd := _odd(mine)) > counted:
            verdict.failures.append(f"{device}: {odd} odd packets, and {counted} counted")
        verdict.counts["odd packets"] += odd
        for signal, packets in _packets(device, mine, stopped_s).items():
            ours = [line for line in lines if line.get("signal") == signal]
            where = f"{device} {signal}"
            if signal != "hr":
                _match(where, signal, packets, ours, verdict)
            gaps = [
                (line["start"] + t0_s, line["end"] + t0_s, line["reason"])
                for line in ours
                if line["kind"] == "gap"
            ]
            read_s = [line["t"] + t0_s for line in ours if line["kind"] == "chunk"]
            heard = [p for p in packets if p.time_s < stopped_s - STOP_S]
            _outages(where, signal, heard, troubles, gaps, tried_s, ends_s, read_s, verdict)
    return verdict


def _strangers(truth: Sequence[Mapping], verdict: Verdict) -> None:
    """Fail for each connection to a device that nobody asked for.

    Where a sensor has changed its address and is therefore missed for a while, a device of its name
    and of a random address may be asked for its serial number, but is never listened to.
    """
    named = {e["dev"]: e["name"] for e in truth if e["ev"] == "device"}
    moved = [(named[e["dev"]], e["t"] + _AWAY_S) for e in truth
             if e["ev"] == "step" and e["do"] == "readdress"]  # fmt: skip
    types = {e["dev"]: e.get("address_type") for e in truth if e["ev"] == "device"}
    for event in truth:
        device = event.get("dev", "")
        if not device.startswith(NAMESAKE):
            continue
        if event["ev"] == "subscribe":
            verdict.failures.append(f"{device} was listened to at {event['t']:.2f} s")
        elif (
            event["ev"] == "connect"
            and types[device] == "random"
            and any(name == named[device] and event["t"] >= from_s for name, from_s in moved)
        ):
            verdict.counts["serial numbers asked for"] += 1
        elif event["ev"] == "connect":
            verdict.failures.append(f"{device} was connected at {event['t']:.2f} s")


def _refuses(events: Iterable[Mapping]) -> bool:
    return any(event["ev"] == "step" and event["why"] == REFUSED for event in events)


def _troubles(device: str, truth: Sequence[Mapping]) -> list[Trouble]:
    steps = [e for e in truth if e["ev"] == "step"]
    mine = [event for event in truth if event.get("dev") == device]
    faults = [
        (e["t"] + e["hang"], e["t"])
        for e in mine
        if e["ev"] == "fault" and not (_refuses(mine) and (e["uuid"] or "").startswith(_PMD))
    ]
    troubles = []
    for step in steps:
        kind, at_s, do = step["why"], step["t"], step["do"]
        if kind not in _REASONS or (step["dev"] != device and kind not in _EVERYWHERE):
            continue
        if do in ("contact", "adapter") and step.get("on", step.get("powered")):
            continue
        end_s = at_s + step.get("away", step.get("for", 0.0))
        if do in ("contact", "adapter"):
            back = (e["t"] for e in steps if e["dev"] == step["dev"] and e["do"] == do)
            end_s = min((t for t in back if t > at_s), default=at_s)
        if do == "fault":
            times = [until_s for until_s, t in faults if t >= at_s]
            end_s = max(times, default=at_s)
        troubles.append(Trouble(kind, at_s, end_s))
    return troubles


def _odd(events: Sequence[Mapping]) -> int:
    """Return how many packets were sent that are no measurement."""
    sent = {event["no"] for event in events if event["ev"] == "sent"}
    strange = {(char, data) for char, many in ODD.items() for data in many}
    notified = [event for event in events if event["ev"] == "notify" and event["no"] in sent]
    return sum(
        (char, event["hex"]) in strange
        for event in notified
        for char in ODD
        if char in event["uuid"]
    )


def _packets(device: str, events: Sequence[Mapping], stopped_s: float) -> dict[str, list[Sent]]:
    """Return what was notified of each signal, in order."""
    sent_s = {event["no"]: event["t"] for event in events if event["ev"] == "sent"}
    ends = [(e["t"], GOODBYE_S if "local" in e["why"] else UNREAD_S)
            for e in events if e["ev"] == "disconnect"]  # fmt: skip
    ends.append((stopped_s, STOP_S))
    if device in BANDS:
        names = ["eda"]
    elif device == ARMBAND:
        names = ["hr"]
    else:
        names = ["hr", "rr"] + ["ecg", "acc"] * (device == H10 and not _refuses(events))
    signals: dict[str, list[Sent]] = {name: [] for name in names}

    def note(signal: str, event: Mapping, payload: Iterable[float], good: bool) -> None:
        time_s = sent_s.get(event["no"])
        if time_s is None or signal not in signals:
            return
        surely = not any(end - before <= time_s <= end for end, before in ends)
        signals[signal].append(Sent(time_s, tuple(payload), good, surely and time_s < stopped_s))

    for event in events:
        kind = event["ev"]
        if kind == "hrm":
            beating, rr_s = event["hr"] > 0, [rr / 1000 for rr in event["rr_ms"]]
            note("hr", event, [event["hr"]], beating)
            # An interval that no heart makes spoils those that came with it.
            sound = beating and bool(rr_s) and all(0.25 <= rr <= 3.0 for rr in rr_s)
            note("rr", event, rr_s, sound)
        elif kind == "skin":
            note("eda", event, event["us"], all(us > _CONTACT_US for us in event["us"]))
        elif kind in _WAVES:
            note(kind, event, [event["dev_ns"] * 1e-9], True)
    for packets in signals.values():
        packets.sort(key=lambda packet: packet.time_s)
    return signals


def _match(
    where: str, signal: str, packets: Sequence[Sent], lines: Sequence[Mapping], verdict: Verdict
) -> None:
    """Check that each good packet is in the log once and in order, and nothing else is."""
    seen: list[float] = []
    for line in lines:
        if line["kind"] == "chunk" and signal in _WAVES:
            last = line.get("device_last")
            seen.append(line["device_times"][-1] if last is None else last)
        elif line["kind"] == "chunk":
            seen += line["values"]
    limit = _TICK_S if signal == "rr" else 1e-5
    reached = {0}
    for packet in packets:
        if not packet.good:
            continue
        size = len(packet.payload)
        after = {
            place + size
            for place in reached
            if _same(seen[place : place + size], packet.payload, limit)
        }
        if not packet.surely:
            after |= reached
        if not after:
            place = max(reached)
            verdict.failures.append(
                f"{where}: {packet.payload} of {packet.time_s:.2f} s is not next in the log, but "
                f"{seen[place : place + size]}"
            )
            return
        reached = after
        verdict.counts[f"{signal} notified"] += size
    verdict.counts[f"{signal} in the log"] += len(seen)
    if len(seen) not in reached:
        verdict.failures.append(f"{where}: {len(seen) - max(reached)} invented at the end")


def _same(seen: Sequence[float], sent: Sequence[float], limit: float) -> bool:
    return len(seen) == len(sent) and all(
        abs(a - b) < limit for a, b in zip(seen, sent, strict=True)
    )


def _outages(
    where: str,
    signal: str,
    packets: Sequence[Sent],
    troubles: Sequence[Trouble],
    gaps: Sequence[tuple[float, float, str]],
    tried_s: Sequence[float],
    ends_s: Sequence[float],
    read_s: Sequence[float],
    verdict: Verdict,
) -> None:
    good_s = [packet.time_s for packet in packets if packet.good]
    relevant = [t for t in troubles if t.kind != "PMD stop" or signal in _WAVES]
    relevant = [t for t in relevant if t.kind != "contact loss" or signal not in _WAVES]
    late = [  # as good as held up by the link
        Trouble("delayed burst", one_s, other_s)
        for times_s in ([packet.time_s for packet in packets], read_s)
        for one_s, other_s in itertools.pairwise(times_s)
        if other_s - one_s > _LATE_S
    ]
    for before_s, after_s in itertools.pairwise(good_s):
        inside = [t for t in relevant if before_s - 0.05 <= t.start_s < after_s]
        broke = [t for t in inside if t.kind not in _MILD]
        if after_s - before_s <= _PERIOD_S[signal] and not broke:
            continue
        if not inside:
            still = [t for t in relevant if t.start_s < before_s < t.end_s + 1.0]
            inside = [t for t in still if t.kind in ("short stall", "delayed burst", "InProgress")]
        span = f"{where}: {before_s:.2f} to {after_s:.2f} s"
        if not inside:
            # Where the link held and nothing was lost, the rig itself was late: a busy machine.
            if any(before_s < end_s < after_s for end_s in ends_s):
                verdict.failures.append(f"{span}: the link was lost without a cause")
            continue
        _check_return(span, before_s, after_s, inside, tried_s, verdict)
        if any(t.kind != "delayed burst" for t in inside) and not (
            signal == "hr" and all(t.kind in _MILD for t in inside)
        ):
            _check_gap(span, signal, before_s, after_s, inside, gaps, verdict)
    if good_s:
        _check_end(where, signal, good_s[-1], relevant, packets, verdict)
    for start_s, end_s, reason in gaps:
        near = [t for t in relevant + late if t.start_s - 4.0 < end_s and start_s < t.end_s + 8.0]
        if not any(reason in _REASONS[t.kind] for t in near):
            verdict.failures.append(
                f"{where}: a gap ({reason}) from {start_s:.2f} to {end_s:.2f} s without a cause"
            )


def _check_return(
    span: str,
    before_s: float,
    after_s: float,
    inside: Sequence[Trouble],
    tried_s: Sequence[float],
    verdict: Verdict,
) -> None:
    """Check that the signal came back in time; the last trouble is the one that counts."""
    last = max(inside, key=lambda trouble: trouble.end_s)
    back_s = last.end_s
    # A watchdog counts from the last packet, or from a connection that was made since.
    noticed_s = max(before_s, last.start_s) + WATCHDOG_S
    if last.kind == "bluetoothd crash":
        back_s = max(back_s, noticed_s)
    elif last.kind == "long stall":  # a new connection ends it
        back_s = noticed_s
    if any(trouble.kind == "readdress" for trouble in inside):
        back_s += _LOOK_S + _AWAY_S
    back_s = max(back_s, before_s)
    next_s = min((t for t in tried_s if back_s <= t < after_s), default=back_s)
    # A refusal that goes on lets a signal through in between.
    verdict.returns.append(Return(last.kind, max(0.0, after_s - next_s)))
    if after_s - next_s > RETURN_S:
        verdict.failures.append(
            f"{span}: back {after_s - next_s:.2f} s after {last.kind} or the next try"
        )


def _check_gap(
    span: str,
    signal: str,
    before_s: float,
    after_s: float,
    inside: Sequence[Trouble],
    gaps: Sequence[tuple[float, float, str]],
    verdict: Verdict,
) -> None:
    allowed = set().union(*(_REASONS[t.kind] for t in inside))
    lead_s = 3.5 if signal == "rr" else 1.5
    mine = [
        g
        for g in gaps
        if g[0] <= before_s + _READ_S and g[1] >= max(before_s - 1.5, after_s - lead_s)
    ]
    verdict.counts["outages"] += 1
    if not mine:
        verdict.failures.append(f"{span}: no gap for {', '.join(t.kind for t in inside)}")
    elif not any(reason in allowed for _, _, reason in mine):
        verdict.failures.append(f"{span}: a gap by {mine[0][2]} instead of {sorted(allowed)}")


def _check_end(
    where: str,
    signal: str,
    last_s: float,
    troubles: Sequence[Trouble],
    packets: Sequence[Sent],
    verdict: Verdict,
) -> None:
    ended_s = packets[-1].time_s
    if ended_s - last_s > _PERIOD_S[signal]:
        verdict.failures.append(f"{where}: nothing good after {last_s:.2f} s")
