"""Draws scenarios for the virtual BlueZ: some sensors, and a sequence of things that go wrong.

Around them stand namesakes that nobody asked for, some sensors refuse their measurements for good,
and some belong to the wearers of a group, who may have straps of one name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

HRM, EDA = "2a37", "e0da0002-6c1f-4b0e-9d2a-5f1c0a7b9e00"
PMD_DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
STRAP, SECOND, H10 = "Virtual HRM 01", "Virtual HRM 02", "Polar H10 00000010"
ARMBAND = "Polar Sense 00000020"
BAND = "My Packed Band"
BANDS = {BAND: "packed", "My Float Band": "float32"}
#: What is asked of a device besides heart rate or skin conductance.
OPTIONS = {H10: "?streams=ecg,acc"}
SENSORS = (STRAP, SECOND, H10, ARMBAND, *BANDS)
NAMESAKE = "namesake of "  #: so begins the id of a device that nobody asked for
#: How a Polar sensor refuses its measurements for good.
PMD_CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
REFUSALS: tuple[dict[str, object], ...] = (
    {"op": "notify", "char": PMD_CONTROL, "text": "Operation failed with ATT error: 0x01"},
    {"op": "notify", "char": PMD_DATA, "error": "NotSupported"},
    {"op": "write", "char": PMD_CONTROL, "text": "Operation failed with ATT error: 0x0e"},
    {"op": "write", "char": PMD_CONTROL, "hang": 99},
)
REFUSED, BESIDE, GROUP = "refused PMD", "namesake", "group"
_FIRST_S, _SETTLE_S = 6.0, 34.0
_ASKED_S = 56.0  #: until a sensor of a new address has been asked whether it is the same
#: Bytes that are no measurement, or an odd one; none of them holds a beat.
ODD = {
    HRM: ("10", "1046", "104601", "1046ffff", "10461000", "01", "0846", "e046", "1f46"),
    EDA: ("00", "0102", "ff" * 3),
    PMD_DATA: ("00", "0011", "3f" + "00" * 12, "00" * 10, "02" + "00" * 8 + "7f0102", "ff" * 20),
}

Step = dict[str, object]
#: Returns the steps of a disturbance that begins at a time, and how long it lasts.
Kind = Callable[[Random, float, str], tuple[list[Step], float]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A scenario for `virtual_bluez.py`, and how to listen to it.

    `sensors` are arguments of `record_session.py`, `sources` the names in its log by device.
    """

    scenario: dict[str, object]
    sensors: tuple[str, ...]
    sources: dict[str, str]
    kinds: tuple[str, ...]
    seconds: float


def draw(seed: int) -> Drawn:
    """Return the scenario of a seed: one to three sensors, three to five disturbances."""
    rng = Random(f"scenario {seed}")
    group = rng.random() < 0.3
    names = [STRAP, SECOND] if group else []
    others = [STRAP, H10, rng.choice(list(BANDS)), SECOND, ARMBAND]
    rest = [name for name in others if name not in names]
    names += rng.sample(rest, rng.randint(0, 1) if group else rng.randint(1, 3))
    refusing = {name for name in names if name == ARMBAND or (name == H10 and rng.random() < 0.3)}
    timelines: dict[str, list[Step]] = {name: [] for name in names}
    kinds = []
    at_s = _FIRST_S + rng.uniform(0.0, 3.0)
    for _ in range(rng.randint(3, 5)):
        name = rng.choice(names)
        has_stops = name == H10 and name not in refusing
        kind = rng.choice([k for k in KINDS if k != "PMD stop" or has_stops])
        steps, lasts_s = KINDS[kind](rng, at_s, name)
        if name in refusing:
            steps = [s for s in steps if s.get("char") != PMD_DATA and s.get("op") != "write"]
        timelines[name] += [{"from": "subscribe", "conn": 1, "why": kind} | s for s in steps]
        kinds.append(kind)
        at_s += lasts_s + rng.uniform(1.0, 11.0)
    for name in names:
        if name in refusing:
            timelines[name].append(
                {"at": 0, "do": "fault", "times": 10**6, "why": REFUSED, **rng.choice(REFUSALS)}
            )
            kinds.append(REFUSED)
    devices = [_device(name, rng) | {"timeline": timelines[name]} for name in names]
    if group:
        kinds.append(GROUP)
        devices[1]["name"] = STRAP  # two wearers, straps of one name
    beside = [_namesake(device, rng) for device in devices if rng.random() < 0.5]
    kinds += [BESIDE] * len(beside)
    bluez = {
        "gatt_cache": rng.choice(["always", "no"]),
        "temporary_timeout": rng.choice([3.0, 30.0]),
        "connect_latency": rng.uniform(0.1, 0.4),
        "hide_battery": rng.random() < 0.2,
    }
    scenario: dict[str, object] = {"seed": seed, "bluez": bluez, "devices": devices + beside}
    return _drawn(scenario, kinds, at_s + _SETTLE_S, rng)


def _drawn(scenario: dict[str, object], kinds: list[str], seconds: float, rng: Random) -> Drawn:
    """Name each sensor by its address where its name is not its own, else by either."""
    devices: list[dict[str, object]] = scenario["devices"]  # type: ignore[assignment]
    names = [device["name"] for device in devices]
    sensors, sources = [], {}
    for number, device in enumerate(devices):
        name = str(device["name"])
        if str(device["id"]).startswith(NAMESAKE):
            continue
        own = names.count(name) == 1 and rng.random() < 0.5
        uri = f"ble:{name if own else device['address']}{OPTIONS.get(name, '')}"
        wearer = f"wearer{number}"
        sensors.append(f"--wearer={wearer}={uri}" if GROUP in kinds else f"--sensor={uri}")
        sources[str(device["id"])] = f"{wearer}/{name}" if GROUP in kinds else name
    return Drawn(scenario, tuple(sensors), sources, tuple(kinds), seconds)


def _namesake(device: dict[str, object], rng: Random) -> dict[str, object]:
    """Return a device like another, which nobody asked for, there from the start or later."""
    where = str(device["address"])
    other = {"id": f"{NAMESAKE}{device['id']}", "address": f"C2{where[2:]}", "timeline": []}
    if rng.random() < 0.3:
        at_s = rng.uniform(5.0, 40.0)
        arrives: Step = {"at": at_s, "do": "advertise", "on": True, "why": BESIDE}
        other |= {"advertise": False, "timeline": [arrives]}
    return device | other | {"no_dis": rng.random() < 0.5}


def _device(name: str, rng: Random) -> dict[str, object]:
    number = SENSORS.index(name) + 1
    device: dict[str, object] = {"id": name, "name": name, "address": f"C0:00:00:00:00:0{number}"}
    heart = {"hr": rng.uniform(62.0, 95.0), "rsa_ms": rng.uniform(10.0, 60.0)}
    if name in BANDS:
        eda = {"format": BANDS[name], "base_us": rng.uniform(1.0, 12.0)}
        return device | {"type": "eda_band", "eda": eda}
    if name == ARMBAND:
        return device | {"type": "polar_verity", "heart": heart}
    if name == H10:
        pmd = {"clock_ppm": rng.uniform(-80.0, 80.0), "ecg_hz": rng.uniform(129.0, 131.0)}
        return device | {"type": "polar_h10", "heart": heart, "pmd": pmd}
    hrs = {"hr16": rng.choice([False, "alternate"]), "energy_every": rng.choice([0, 10])}
    return device | {"type": "hr_strap", "heart": heart, "hrs": hrs}


def _drop(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    away_s = rng.uniform(0.5, 12.0)
    return [{"at": at_s, "do": "drop", "away": away_s}], away_s


def _short_stall(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    for_s = rng.uniform(1.5, 4.0)
    return [{"at": at_s, "do": "stall", "for": for_s}], for_s


def _long_stall(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    for_s = rng.uniform(7.0, 12.0)
    return [{"at": at_s, "do": "stall", "for": for_s}], for_s


def _burst(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    for_s = rng.uniform(1.0, 4.0)
    return [{"at": at_s, "do": "delay", "for": for_s}], for_s


def _contact(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    for_s = rng.uniform(3.0, 8.0)
    off: Step = {"at": at_s, "do": "contact", "on": False}
    return [off, {"at": at_s + for_s, "do": "contact", "on": True}], for_s


def _in_progress(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    ops = ["connect", "notify"] + ["write"] * (name == H10)
    op = rng.choice(ops)
    times = rng.choice((3, 40, 700)) if op == "write" else rng.randint(1, 3)
    fault: Step = {"at": at_s, "do": "fault", "op": op, "times": times, "error": "InProgress"}
    away_s = rng.uniform(0.2, 2.0)
    return [fault, {"at": at_s, "do": "drop", "away": away_s}], away_s


def _stale(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    away_s, again_s = rng.uniform(0.5, 3.0), rng.uniform(0.3, 1.5)
    first: Step = {"at": at_s, "do": "forget", "away": away_s}
    second: Step = {"at": at_s + away_s + again_s, "do": "forget", "away": 0.5}
    return [first, second][: rng.randint(1, 2)], away_s + again_s + 0.5


def _readdress(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    away_s = rng.uniform(0.5, 3.0)
    address = "C1:" + ":".join(f"{rng.randrange(256):02X}" for _ in range(5))
    return [{"at": at_s, "do": "readdress", "address": address, "away": away_s}], away_s + _ASKED_S


def _adapter(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    for_s = rng.uniform(1.0, 8.0)
    off: Step = {"at": at_s, "do": "adapter", "powered": False}
    return [off, {"at": at_s + for_s, "do": "adapter", "powered": True}], for_s


def _restart(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    away_s = rng.uniform(0.5, 6.0)
    return [{"at": at_s, "do": "bluez_restart", "away": away_s}], away_s


def _crash(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    away_s = rng.uniform(0.5, 6.0)
    return [{"at": at_s, "do": "bluez_restart", "away": away_s, "crash": True}], max(6.0, away_s)


def _pmd_stop(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    return [{"at": at_s, "do": "pmd_stop"}], 1.0


def _odd_bytes(rng: Random, at_s: float, name: str) -> tuple[list[Step], float]:
    chars = {H10: [HRM, PMD_DATA]}.get(name, [EDA] if name in BANDS else [HRM])
    steps: list[Step] = []
    for i in range(rng.randint(1, 4)):
        char = rng.choice(chars)
        odd = rng.choice(ODD[char])
        steps.append({"at": at_s + i * 0.9, "do": "inject", "char": char, "hex": odd})
    if name not in BANDS and rng.random() < 0.5:
        steps.append({"at": at_s, "do": "artefact", "kind": "zero"})
    return steps, 4.0


KINDS: dict[str, Kind] = {
    "drop": _drop,
    "short stall": _short_stall,
    "long stall": _long_stall,
    "delayed burst": _burst,
    "contact loss": _contact,
    "InProgress": _in_progress,
    "stale device": _stale,
    "readdress": _readdress,
    "adapter off": _adapter,
    "bluetoothd restart": _restart,
    "bluetoothd crash": _crash,
    "PMD stop": _pmd_stop,
    "odd bytes": _odd_bytes,
}


def draw_quick(seed: int) -> Drawn:
    """Return one of three scenarios that take some ten seconds each."""
    name, kind, step = (
        (STRAP, "drop", {"do": "drop", "away": 0.5}),
        (H10, "PMD stop", {"do": "pmd_stop"}),
        (BAND, "adapter off", {"do": "adapter", "powered": False}),
    )[seed % 3]
    timeline: list[Step] = [{"at": 2.5, "from": "subscribe", "why": kind} | step]
    if kind == "adapter off":
        timeline.append({**timeline[0], "at": 3.5, "powered": True})
    if name != BAND:
        odd: Step = {"at": 1.5, "do": "inject", "char": HRM, "hex": "1046ffff"}
        timeline.append({"from": "subscribe", "why": "odd bytes"} | odd)
    rng = Random(seed)
    device = _device(name, rng) | {"timeline": timeline}
    beside = _namesake(device, rng) | {"advertise": True, "timeline": []}
    return _drawn({"seed": seed, "devices": [device, beside]}, [kind, BESIDE], 7.0, rng)
