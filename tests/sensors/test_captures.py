"""Captures: nothing in one tells whose it is, and a file says again what it was given."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs.captured import MEASUREMENT, UART, capture, dis

from sensors.ble.tap import GattCharacteristic
from sensors.captures import archive
from sensors.captures.archive import EVENTS, is_capture, packed, read_capture, write_capture
from sensors.captures.capture import Capture, EventKind
from sensors.captures.needles import Identity, model_of
from sensors.captures.scrub import identity_of, scrub
from sensors.captures.summary import summary
from sensors.errors import RecordingError, SettingsError
from sensors.profiles.loader import parse

COMMAND = "0000fff1-0000-1000-8000-00805f9b34fb"
NAME, ADDRESS, SERIAL = "Annika Krause H7", "D4:1E:0C:7A:92:3B", "SN-4711-QX"
UNIX_S = 1_790_000_000
SECRETS = (NAME, "Annika", "Krause", ADDRESS, ADDRESS.replace(":", ""), SERIAL)


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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Anna H10", "hello Mrs Anna"),
        ("Anna H10", "hello Prof. Dr. Anna"),
        ("Dr Anna H10", "hello Dr_Anna"),
        ("Anna's Polar", "hello Anna's"),
        ("Annas Polar", "hello Frau Anna"),
        ("Anna\u2019s Polar", "hello Anna\u2019s"),
        ("Thomas' Polar", "hello Thomas'"),
        ("Jo's Polar", "hello Mrs Jo"),
        ("Mr Bo", "hello Bo's"),
    ],
)
def test_a_title_and_an_apostrophe_go_with_the_name(name: str, said: str) -> None:
    text = f'title = "{said}!"\n'
    found = scrub(capture(("packet", UART, f"{said}!".encode()), profile=text),
                  Identity(names=(name,)), 0.0)  # fmt: skip
    (packet,) = found.of("packet")
    for left in (packet.data.decode(), found.profile.split('"')[1]):
        assert re.fullmatch("hello 0+!", left), left


def test_two_letters_of_a_name_are_no_bytes_of_a_body() -> None:
    data = b"\x01jo\x02" + bytes(range(200, 220)) + b"majority"
    (clean,) = scrub(capture(("packet", UART, data)), Identity(names=("Jo",)), 0.0).of("packet")
    assert clean.data == data


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


def test_the_summary_says_what_is_in_it() -> None:
    words = "\n".join(summary(scrub(planted(), identity(planted()), UNIX_S)))
    assert "packets of up to 185 bytes" in words
    assert re.search(r"2a37: 1 packet \(heart rate\)", words)
    assert "Taken out: name at" in words
