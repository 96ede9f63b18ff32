"""Captures: nothing in one tells whose it is, and it plays as the live sensor did."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.ble.described import reader_of
from sensors.ble.inbox import Packet
from sensors.ble.link import LinkChange
from sensors.ble.polar import PMD_DATA
from sensors.ble.tap import GattCharacteristic
from sensors.captures import archive
from sensors.captures.archive import EVENTS, is_capture, packed, read_capture, write_capture
from sensors.captures.capture import Capture, CaptureEvent, EventKind
from sensors.captures.coarsen import coarse
from sensors.captures.needles import Identity, model_of
from sensors.captures.playing import samples_of
from sensors.captures.scrub import identity_of, scrub
from sensors.captures.summary import summary
from sensors.codecs.heart_rate import HeartRateMeasurement
from sensors.codecs.polar_frames import PmdFrame
from sensors.errors import RecordingError, SettingsError
from sensors.files import read
from sensors.profiles.loader import parse
from sensors.signals import Chunk, Signal

MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
UART = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
COMMAND = "0000fff1-0000-1000-8000-00805f9b34fb"
NAME, ADDRESS, SERIAL = "Annika Krause H7", "D4:1E:0C:7A:92:3B", "SN-4711-QX"
UNIX_S = 1_790_000_000
SECRETS = (NAME, "Annika", "Krause", ADDRESS, ADDRESS.replace(":", ""), SERIAL)


def dis(short: str) -> str:
    return f"0000{short}-0000-1000-8000-00805f9b34fb"


def events(*said: tuple[EventKind, str, bytes]) -> tuple[CaptureEvent, ...]:
    return tuple(CaptureEvent(1.0 + i / 4, kind, uuid, data) for i, (kind, uuid, data) in
                 enumerate(said))  # fmt: skip


def capture(*said: tuple[EventKind, str, bytes], name: str = "Sensor", **more: object) -> Capture:
    found = Capture(
        name=name, services=(dis("180d"),), has=(GattCharacteristic(dis("180d"), MEASUREMENT,
        ("notify",)),), driver="strap", events=(CaptureEvent(0.5, "connected", mtu=185),
        *events(*said)), duration_s=90.0,
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]


def ways(secret: str) -> list[bytes]:
    """Return how a text may be written, worked out apart from the product's own list."""
    plain = secret.encode()
    octets = (
        bytes.fromhex(secret.replace(":", ""))
        if secret in (ADDRESS, ADDRESS.replace(":", ""))
        else b""
    )
    texts = [
        plain,
        plain.lower(),
        plain.upper(),
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
        plain.hex().encode(),
        plain.hex().upper().encode(),
    ]
    found = [*texts, *(one[::-1] for one in texts), octets, octets[::-1]]
    return [way for way in found if way]


def leaks(path: Path) -> list[bytes]:
    """Return every secret that stands in a file, in its members, or in the bytes they tell of."""
    places = [path.read_bytes()]
    with zipfile.ZipFile(path) as archive:
        places += [archive.read(name) for name in archive.namelist()]
        lines = [json.loads(line) for line in archive.read(EVENTS).splitlines()]
    by_uuid: dict[str, bytes] = {}
    for line in lines[1:]:
        by_uuid[line.get("uuid", "")] = by_uuid.get(line.get("uuid", ""), b"") + bytes.fromhex(
            line.get("hex", "")
        )
    places += by_uuid.values()
    return [way for secret in SECRETS for way in ways(secret) for place in places if way in place]


def spread(data: bytes, size: int = 5) -> list[tuple[EventKind, str, bytes]]:
    return [("packet", UART, data[i : i + size]) for i in range(0, len(data), size)]


def planted() -> Capture:
    """Return a capture in which a device tells of itself wherever it can."""
    octets = bytes.fromhex(ADDRESS.replace(":", ""))
    return capture(
        ("read", dis("2a00"), NAME.encode()),
        ("read", dis("2a25"), SERIAL.encode()),
        ("read", dis("2a23"), octets[:3] + b"\xff\xfe" + octets[3:]),
        ("read", dis("2a29"), f"Made for {NAME.upper()}, {SERIAL}".encode()),
        ("read", dis("2a24"), b"H7"),
        ("write", COMMAND, b"\x01" + UNIX_S.to_bytes(4, "little")),
        *spread(f"hello {NAME}, {ADDRESS} {SERIAL}\n".encode()),
        *spread(NAME.encode("utf-16-le") + b"--" + NAME.encode("utf-16-be")),
        *spread(SERIAL.encode()[::-1] + octets + b"." + octets[::-1]),
        *spread(octets.hex().encode() + b" " + ADDRESS.lower().replace(":", "-").encode()),
        *spread(NAME.encode().hex().encode() + SERIAL.encode().hex().upper().encode()),
        ("packet", MEASUREMENT, b"\x10\x40\x00\x04"),
        profile=f'title = "{NAME}"\n',
    )


def identity(found: Capture) -> Identity:
    return identity_of([NAME], [ADDRESS], found.events)


def test_nothing_in_a_capture_tells_whose_it_is_in_any_encoding(tmp_path: Path) -> None:
    found = planted()
    dirty, clean = tmp_path / "dirty.zip", tmp_path / "clean.zip"
    write_capture(dirty, packed(found, ""))
    assert len(leaks(dirty)) > 20
    scrubbed = scrub(found, identity(found), UNIX_S + 40.0)
    write_capture(clean, packed(scrubbed, "\n".join(summary(scrubbed))))
    assert leaks(clean) == []
    assert {"name", "address", "serial", "time"} <= set(scrubbed.removed)
    assert UNIX_S.to_bytes(4, "little") not in b"".join(one.data for one in scrubbed.events)
    was, now = ([(e.time_s, e.kind, e.uuid, len(e.data)) for e in one.events]
                for one in (found, scrubbed))  # fmt: skip
    assert was == now
    kept = {one.uuid: one.data for one in scrubbed.events}
    assert (kept[dis("2a24")], kept[MEASUREMENT]) == (b"H7", b"\x10\x40\x00\x04")


@given(st.data())
def test_any_secret_goes_wherever_it_stands(data: st.DataObject) -> None:
    letters = st.text("abcdefghijkmnoprstuvxyzABCDEFGH0123456789-", min_size=5, max_size=12)
    serial = data.draw(letters.filter(lambda text: text.strip("0-")))
    way = data.draw(st.sampled_from(ways(serial)))
    rng = Random(data.draw(st.integers(0, 999)))
    noise = rng.randbytes(20)
    found = capture(*spread(noise + way + noise, data.draw(st.integers(1, 20))))
    clean = scrub(found, Identity(serials=(serial,)), 0.0)
    whole = b"".join(event.data for event in clean.events)
    assert way.lower() not in whole.lower()
    assert len(whole) == len(noise + way + noise)


@pytest.mark.parametrize("serial", ["1A2B3C4D", "1A2B3C5", "40000103"])
@pytest.mark.parametrize("shift", [0, 4])
def test_a_serial_number_does_not_stand_in_the_digits_of_bytes(serial: str, shift: int) -> None:
    digits = (int(serial, 16) << shift).to_bytes(6, "big")
    found = scrub(capture(*spread(b"\xee" + digits)), Identity(serials=(serial,)), 0.0)
    assert serial.lower() not in b"".join(event.data for event in found.events).hex()


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (Identity(serials=("SN-4711123",)), b"id=4711123;"),
        (Identity(serials=("SN12345678",)), b"\x07" + (12345678).to_bytes(4, "little")),
        (Identity(addresses=(ADDRESS,)), bytes.fromhex("d41e0cfffe7a923b")[::-1]),
        (Identity(addresses=(ADDRESS,)), b"\x01\x7a\x92\x3b\x01"),
        (Identity(names=("Annika's-Band",)), b"hello annika"),
        (Identity(names=("J\u00fcrgen Band",)), "J\u00dcRGEN".encode("latin-1")),
        (Identity(names=("J\u00fcrgen Band",)), "ju\u0308rgen".encode()),
    ],
)
def test_a_part_of_a_secret_goes_however_it_is_written(who: Identity, said: bytes) -> None:
    (clean,) = scrub(capture(("packet", UART, said)), who, 0.0).of("packet")
    assert len(set(said) - set(clean.data)) >= 3


def test_a_system_id_tells_the_address_that_is_taken_out() -> None:
    system_id = bytes.fromhex("d41e0cfffe7a923b")[::-1]
    found = capture(("read", dis("2a23"), system_id), ("packet", UART, b"D41E0C7A923B"))
    clean = scrub(found, identity_of([], [], found.events), 0.0)
    assert next(clean.of("packet")).data == b"0" * 12


def test_a_name_in_packets_with_counters_or_cut_at_their_edge_goes() -> None:
    who, text = Identity(names=("Annika-Krause",)), b"Annika-Krause"
    counted = [("packet", UART, bytes([i]) + text[i * 3 : i * 3 + 3] + b"\xee") for i in range(5)]
    clean = scrub(capture(*counted), who, 0.0)  # type: ignore[arg-type]
    assert not set(b"".join(one.data[1:-1] for one in clean.of("packet"))) & set(b"Anikrause")
    cut = scrub(
        capture(("packet", UART, b"\x05....Krau"), ("packet", COMMAND, b"\x05nika")), who, 0
    )
    assert [one.data for one in cut.of("packet")] == [b"\x05....0000", b"\x050000"]


def test_a_uuid_that_spells_a_name_is_another_one_wherever_it_stands() -> None:
    uuid = "416e6e69-6b61-4b72-8000-000000000001"  # Annika in ASCII
    text = (Path(__file__).parents[2] / "configs" / "devices" / "packed.toml").read_text()
    (usual,) = parse(Path("packed.toml"), text).characteristics
    assert usual in text
    found = replace(capture(("packet", uuid, b"\x01")), services=(uuid,), driver="profile",
                    has=(GattCharacteristic(uuid, uuid, ()),), profile=text.replace(usual, uuid),
                    )  # fmt: skip
    clean = scrub(found, Identity(names=("Annika",)), 0.0)
    (other,) = parse(Path("a.toml"), clean.profile).characteristics
    assert uuid not in "".join(packed(clean, "").values())
    assert clean.has[0].uuid == clean.services[0] == clean.events[-1].uuid == other
    assert clean.removed["UUID"] == 1


def test_a_profile_keeps_its_words_and_loses_its_remarks_and_titles() -> None:
    text = (Path(__file__).parents[2] / "configs" / "devices" / "packed.toml").read_text()
    lines = [f"{line}  # by Data" if line.startswith("[data") else line for line in
             text.splitlines() if not line.startswith("title")]  # fmt: skip
    mine = "\n".join(['title = "Band of Data"', *lines])
    clean = scrub(capture(profile=mine), Identity(names=("Data Band",)), 0.0).profile
    assert "#" not in clean
    assert parse(Path("packed.toml"), clean).streams == parse(Path("packed.toml"), mine).streams
    assert parse(Path("packed.toml"), clean).title == "Band of 0000"


def test_only_the_bytes_of_a_secret_are_overwritten() -> None:
    found = capture(("packet", UART, bytes.fromhex("ee1a2b3c4d77")))
    (clean,) = scrub(found, Identity(serials=("1A2B3C4D",)), 0.0).of("packet")
    assert clean.data.hex() == "ee0000000077"


def test_what_is_read_is_kept_only_where_it_is_known_to_be_harmless() -> None:
    found = capture(
        *(("read", dis(short), b"born 1980") for short in ("2a80", "2a85")),
        ("read", dis("2a26"), b"3.1"),
        ("read", dis("2a19"), b"\x40"),
    )
    clean = [event.data for event in scrub(found, Identity(), 0.0).of("read")]
    assert clean == [b"0" * 9, b"0" * 9, b"3.1", b"\x40"]


@pytest.mark.parametrize(
    ("name", "model"),
    [("Polar H10 12345678", "Polar H10"), ("Annika's band", "Sensor"), ("", "Sensor")],
)
def test_of_a_name_only_a_known_model_is_kept(name: str, model: str) -> None:
    assert model_of(name) == model


def test_a_file_says_again_what_was_written_to_it(tmp_path: Path) -> None:
    path, found = tmp_path / "a.zip", planted()
    write_capture(path, packed(found, "words"))
    assert is_capture(path)
    again = read_capture(path)
    assert [(e.kind, e.uuid, e.data) for e in again.events] == [
        (e.kind, e.uuid, e.data) for e in found.events
    ]
    assert (again.has, again.services, again.profile) == (found.has, found.services, found.profile)
    with pytest.raises(SettingsError, match="there already"):
        write_capture(path, {})
    with zipfile.ZipFile(path) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("old", "new"),
    [('"format": 1', '"format": 9'), ('"is": "read"', '"is": "guess"'), ('"t": 1.0', '"t": -1'),
     ('"t": 1.0', '"t": 1e999'), ('"hex": "', '"hex": "z'), ('"driver": "strap"', '"driver": "x"'),
     ('"mtu": 185', '"mtu": 1e999'), ("{", "[")],
)  # fmt: skip
def test_a_file_that_makes_no_sense_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str
) -> None:
    members = packed(planted(), "")
    assert old in members[EVENTS]
    write_capture(tmp_path / "a.zip", members | {EVENTS: members[EVENTS].replace(old, new, 1)})
    with pytest.raises(RecordingError, match=r"line \d+ of capture.jsonl"):
        read_capture(tmp_path / "a.zip")


def test_a_bomb_and_a_cut_file_are_refused(tmp_path: Path) -> None:
    bomb, cut = tmp_path / "bomb.zip", tmp_path / "cut.zip"
    write_capture(bomb, {EVENTS: "0" * (1 << 22)})
    with pytest.raises(RecordingError, match="would unpack"):
        read_capture(bomb)
    write_capture(cut, packed(planted(), ""))
    cut.write_bytes(cut.read_bytes()[:-40])
    with pytest.raises(RecordingError, match="cannot be read"):
        read_capture(cut)


def test_as_many_events_as_are_kept_are_read_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, found = tmp_path / "a.zip", planted()
    write_capture(path, packed(found, ""))
    monkeypatch.setattr(archive, "MOST_EVENTS", len(found.events))
    assert len(read_capture(path).events) == len(found.events)
    monkeypatch.setattr(archive, "MOST_EVENTS", len(found.events) - 1)
    with pytest.raises(RecordingError, match="more than"):
        read_capture(path)


def beats(count: int = 60) -> list[tuple[float, bytes]]:
    """Return the packets of a heart, one a second, with their times."""
    rng, packets, owed = Random(3), [], 0.0
    for second in range(count):
        rr = []
        owed += 1.0
        while owed > 0.85:
            rr.append(round(1024 * rng.uniform(0.78, 0.92)))
            owed -= rr[-1] / 1024
        packets.append((float(second + 1), HeartRateMeasurement(70, tuple(rr), True, 77).encode()))
    return packets


def strap() -> Capture:
    said = tuple(CaptureEvent(t, "packet", MEASUREMENT, data) for t, data in beats())
    return replace(capture(), events=(CaptureEvent(0.1, "connected"), *said))


def values(found: Capture, signal: Signal) -> list[float]:
    chunks = [one for one in samples_of(found, "x") if isinstance(one, Chunk)]
    return [float(v) for one in chunks if one.signal is signal for v in one.values[:, 0]]


def test_a_capture_of_a_strap_plays_every_beat(tmp_path: Path) -> None:
    sent = [rr for _, data in beats() for rr in HeartRateMeasurement.decode(data).rr_s]
    assert values(strap(), Signal.RR) == sent
    write_capture(tmp_path / "a.zip", packed(strap(), ""))
    recording = read(tmp_path / "a.zip")
    (chunk,) = [one for one in recording.series if one.signal is Signal.RR]
    assert chunk.values[:, 0].tolist() == sent
    assert not recording.gaps


def test_a_lost_link_is_a_gap_when_it_is_played() -> None:
    found = strap()
    middle = [event for event in found.events if not 20.5 < event.time_s < 30.5]
    lost = CaptureEvent(20.6, "link", state="lost", reason="link")
    back = CaptureEvent(30.4, "connected")
    played = replace(
        found, events=tuple(sorted([*middle, lost, back], key=lambda event: event.time_s))
    )
    gaps = [one for one in samples_of(played, "x") if type(one).__name__ == "Gap"]
    assert {(gap.signal, gap.reason) for gap in gaps} == {(Signal.RR, "link"), (Signal.HR, "link")}


def test_a_described_band_brings_its_profile_along() -> None:
    text = (Path(__file__).parents[2] / "configs" / "devices" / "packed.toml").read_text()
    profile = parse(Path("packed.toml"), text)
    (uuid,) = profile.characteristics
    packets = [bytes([n]) + (n * 500).to_bytes(4, "little") + b"\xa0\x0f\x94\x11" for n in range(9)]
    said = tuple(CaptureEvent(1 + n / 2, "packet", uuid, data) for n, data in enumerate(packets))
    found = replace(capture(), driver="profile", profile=text,
                    events=(CaptureEvent(0.1, "connected"), *said))  # fmt: skip
    live = reader_of(profile, "x")
    samples = live.take(LinkChange(0.1, "streaming", "x"))
    for event in said:
        samples += live.take(Packet(event.time_s, uuid, event.data))
    assert list(samples_of(found, "x")) == samples
    assert len(values(found, Signal.EDA)) == 18
    rough = coarse(found)
    for before, after in zip(values(found, Signal.EDA), values(rough, Signal.EDA), strict=True):
        assert after == pytest.approx(before, rel=0.125)
    assert values(rough, Signal.EDA) != values(found, Signal.EDA)
    assert [e.data[:5] for e in rough.events] == [e.data[:5] for e in found.events]


def test_coarse_intervals_are_rounded_and_add_up_to_the_same_time() -> None:
    rough = coarse(strap())
    told = [HeartRateMeasurement.decode(e.data) for e in rough.of("packet")]
    true = [HeartRateMeasurement.decode(data) for _, data in beats()]
    assert [len(one.rr_1024) for one in told] == [len(one.rr_1024) for one in true]
    assert {rr % 32 for one in told for rr in one.rr_1024} == {0}
    assert {(one.heart_rate_bpm, one.energy_kj, one.contact) for one in told} == {(70, 0, True)}
    sums = [sum(rr for one in all_of for rr in one.rr_1024) for all_of in (told, true)]
    assert abs(sums[0] - sums[1]) <= 16
    assert coarse(rough).events == rough.events


def test_coarse_frames_keep_their_times_and_their_number_of_samples() -> None:
    head = (5_000_000).to_bytes(8, "little")
    raw = b"\x00" + head + b"\x00" + bytes(range(30))
    packed_acc = b"\x02" + head + b"\x81" + bytes(range(6)) + bytes([5, 4]) + bytes(range(8))
    ppi = b"\x03" + head + b"\x00" + bytes([73]) + (812).to_bytes(2, "little") + b"\x0a\x00\x06"
    rough = coarse(capture(*(("packet", PMD_DATA, data) for data in (raw, packed_acc, ppi))))
    ecg, acc, pulse = (PmdFrame.decode(event.data) for event in rough.of("packet"))
    assert (ecg.device_ns, len(ecg.samples), len(acc.samples)) == (5_000_000, 10, 5)
    assert not ecg.samples.any()
    assert not acc.samples.any()
    (interval,) = pulse.intervals
    assert (interval.heart_rate_bpm, interval.interval_ms, interval.error_ms) == (75, 810, 10)
    assert interval.contact


def test_a_battery_that_does_not_know_its_charge_stays_so() -> None:
    battery = [("read", dis("2a19"), bytes([level])) for level in (77, 100, 255)]
    rough = coarse(capture(*battery))  # type: ignore[arg-type]
    assert [event.data[0] for event in rough.of("read")] == [80, 100, 255]


def test_what_cannot_be_made_coarse_is_refused() -> None:
    text = (Path(__file__).parents[2] / "configs" / "devices" / "uart-text.toml").read_text()
    for found in (capture(driver="Shimmer3R"), capture(driver="profile", profile=text)):
        with pytest.raises(SettingsError, match="coarse"):
            coarse(found)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_whatever_was_captured_is_made_coarse_and_played(packets: list[bytes]) -> None:
    said = [("packet", uuid, data) for data in packets for uuid in (MEASUREMENT, PMD_DATA, UART)]
    found = coarse(capture(*said))  # type: ignore[arg-type]
    assert [len(e.data) for e in found.of("packet")] == [len(data) for _, _, data in said]
    list(samples_of(found, "x"))


def test_the_summary_says_what_is_in_it() -> None:
    words = "\n".join(summary(scrub(planted(), identity(planted()), UNIX_S)))
    assert "packets of up to 185 bytes" in words
    assert re.search(r"2a37: 1 packet \(heart rate\)", words)
    assert "Taken out: name at" in words
