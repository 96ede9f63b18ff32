"""Device profiles: what a file may say, what it must not, and what their packets mean."""

import math
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.base import SensorStatus
from sensors.ble.described import reader_of
from sensors.ble.link import LinkChange
from sensors.codecs.described import DescribedDecoder
from sensors.errors import PacketError, SettingsError
from sensors.profiles.loader import find, load, load_all, parse
from sensors.profiles.schema import DeviceProfile

SHIPPED = Path(__file__).parents[2] / "configs" / "devices"
PROFILES = {profile.name: profile for profile in load_all(SHIPPED)}

MINIMAL = """
title = "A band"
support = "none"
[match]
name = "Band*"
[data]
characteristic = "2a58"
rate_hz = 4
[binary]
values = { at = 0, type = "u16" }
"""


VALID = "[valid]\ncontact_above = 1\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "band.toml"
    path.write_text(text)
    return path


def values(profile: DeviceProfile, *packets: str | bytes) -> list[float]:
    decoder = DescribedDecoder(profile.streams)
    data = [bytes.fromhex(p) if isinstance(p, str) else p for p in packets]
    return [value for packet in data for frame in decoder.decode(packet) for value in frame.values]


def test_every_shipped_profile_says_what_it_is_and_what_it_was_tried_on() -> None:
    assert set(PROFILES) == {"edamove4", "empatica-e4", "float32", "packed", "uart-text"}
    for profile in PROFILES.values():
        assert profile.title
        assert "tried" in profile.support
    assert "unofficial" in PROFILES["empatica-e4"].title


def test_a_packed_packet_has_its_counter_clock_and_values() -> None:
    # 3, then 1000 ms, then 4000 and 4500 nS
    (frame,) = DescribedDecoder(PROFILES["packed"].streams).decode(
        bytes.fromhex("03 e8030000 a00f 9411")
    )
    assert frame.values == pytest.approx((4.0, 4.5))
    assert (frame.clock_s, frame.worn, frame.lost) == (1.0, True, 0)


def test_a_jump_of_the_counter_tells_how_many_samples_are_missing() -> None:
    decoder = DescribedDecoder(PROFILES["packed"].streams)
    packets = [bytes([n]) + bytes.fromhex("e8030000 a00f 9411") for n in (254, 255, 0, 3, 4)]
    assert [decoder.decode(packet)[0].lost for packet in packets] == [0, 0, 0, 4, 0]
    decoder.reset()
    assert decoder.decode(packets[0])[0].lost == 0


def test_float_values_that_are_no_number_or_saturated_are_not_values() -> None:
    packet = struct.pack("<4f", 2.5, math.nan, 1e9, math.inf)
    assert values(PROFILES["float32"], packet) == pytest.approx(
        [2.5, math.nan, math.nan, math.nan], nan_ok=True
    )


def test_an_e4_packet_is_six_big_endian_resistances_and_a_counter() -> None:
    # 0x07a120 = 500000 -> 2 uS, 0x03d090 = 250000 -> 4 uS
    packet = bytes.fromhex("07a120" * 5 + "03d090" + "0102")
    (frame,) = DescribedDecoder(PROFILES["empatica-e4"].streams).decode(packet)
    assert frame.values == pytest.approx((2.0, 2.0, 2.0, 2.0, 2.0, 4.0))
    (write,) = PROFILES["empatica-e4"].setup
    assert write.data(0x5F5E1000) == bytes.fromhex("01 00105e5f")
    assert write.characteristic == "00003e71-0000-1000-8000-00805f9b34fb"


def test_an_e4_that_is_not_worn_has_no_contact() -> None:
    packet = bytes.fromhex("ffffff" * 6 + "0001")
    (frame,) = DescribedDecoder(PROFILES["empatica-e4"].streams).decode(packet)
    assert frame.worn is False


def test_an_edamove_packet_is_one_level() -> None:
    assert values(PROFILES["edamove4"], "e803") == pytest.approx([3.05185])


def test_lines_are_put_together_however_they_were_cut() -> None:
    text = b"EDA,1000,4.1000\nTEMP,1100,31.2\nEDA,1250,4.2000\r\nEDA,1500,4.3000\n"
    for size in (1, 2, 7, 20, len(text)):
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        assert values(PROFILES["uart-text"], b"1,0.5\n", *pieces) == [4.1, 4.2, 4.3]


@pytest.mark.parametrize(
    "line", [b"EDA,1250,x\n", b"EDA,1250\n", b"EDA,12EDA,1500,4.3\n", b"EDA,1,4_1\n"]
)
def test_a_damaged_line_is_a_sample_without_a_value(line: bytes) -> None:
    found = values(PROFILES["uart-text"], b"\n", b"EDA,1000,4.1\n" + line + b"EDA,1750,4.4\n")
    assert found == pytest.approx([4.1, math.nan, 4.4], nan_ok=True)


def test_a_line_without_end_is_refused_and_forgotten() -> None:
    decoder = DescribedDecoder(PROFILES["uart-text"].streams)
    assert decoder.decode(b"\n" + b"EDA," * 60) == []
    with pytest.raises(PacketError, match="line"):
        decoder.decode(b"EDA," * 10)
    assert decoder.decode(b"EDA,1,4.1\n") == []
    assert [frame.values for frame in decoder.decode(b"EDA,250,4.2\n")] == [(4.2,)]


@pytest.mark.parametrize("name", ["packed", "float32", "empatica-e4", "edamove4"])
def test_a_packet_that_is_cut_is_refused(name: str) -> None:
    with pytest.raises(PacketError, match="bytes"):
        DescribedDecoder(PROFILES[name].streams).decode(b"\x01")


@pytest.mark.slow
@given(name=st.sampled_from(sorted(PROFILES)), packets=st.lists(st.binary(max_size=64), max_size=8))
def test_whatever_arrives_gives_valid_values_or_a_packet_error(
    name: str, packets: list[bytes]
) -> None:
    decoder, limits = DescribedDecoder(PROFILES[name].streams), PROFILES[name].streams[0].valid
    for packet in packets:
        try:
            frames = decoder.decode(packet)
        except PacketError:
            continue
        for frame in frames:
            assert frame.lost >= 0
            assert frame.clock_s is None or math.isfinite(frame.clock_s)
            assert all(math.isnan(v) or limits.above < v < limits.below for v in frame.values)


@pytest.mark.slow
@given(st.lists(st.floats(0.1, 60), min_size=1, max_size=30), st.integers(1, 30))
def test_text_survives_any_cutting(skin_us: list[float], size: int) -> None:
    text = "\n" + "".join(f"EDA,{i * 250},{v!r}\n" for i, v in enumerate(skin_us))
    data = text.encode()
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    assert values(PROFILES["uart-text"], *pieces) == skin_us


@pytest.mark.parametrize(
    ("line", "replacement", "key", "reason"),
    [
        ("rate_hz = 4", "rate_hz = 0", "data.rate_hz", "0 is not within"),
        ("rate_hz = 4", "rate = 4", "data.rate_hz", "is missing"),
        ("rate_hz = 4", "rate_hz = 4\nspeed = 3", "data.speed", "unknown key"),
        ("rate_hz = 4", 'rate_hz = "4"', "data.rate_hz", "must be a number"),
        ('"2a58"', '"2a5"', "data.characteristic", "is no UUID"),
        ('type = "u16"', 'type = "u33"', "binary.values.type", "'u33' is none of"),
        ('type = "u16"', 'type = "ascii"', "binary.values.length", "is missing"),
        ("at = 0", "at = 0.1", "binary.values.at", "no whole bits"),
        ("at = 0", "at = 0, axes = 3", "binary.values.axes", "eda has one"),
        ("rate_hz = 4", 'rate_hz = 4\nwhen = { at = 0, type = "u8" }', "data.when.is", "missing"),
        ("[binary]", "[[stream]]\n[binary]", "data", "not both"),
        (
            "[match]",
            '[[repeat]]\ncharacteristic = "3e71"\nbytes = "01"\n[match]',
            "repeat[0].every_s",
            "is missing",
        ),
        (
            "[match]",
            '[[setup]]\ncharacteristic = "3e71"\nbytes = "01"\nanswer = "0?"\n[match]',
            "setup[0].answer",
            "is not hex",
        ),
        ("at = 0", "at = -1", "binary.values.at", "-1 is not within"),
        ("at = 0", "at = 0, count = 400", "binary.values.count", "cannot be"),
        ('name = "Band*"', "", "match", "needs a name or a service"),
        ("[binary]", "[text]\nvalue = 0\n[binary]", "binary", "not both"),
        ('title = "A band"', "", "title", "is missing"),
        ("[match]", '[scale]\nformula = "exp(x)"\n[match]', "scale.formula", "is none of"),
        ("[match]", "[scale]\nfactor = 0\n[match]", "scale.factor", "must not be 0"),
        ("[match]", "[valid]\nabove = 9\nbelow = 3\n[match]", "valid.below", "is not more than"),
        ("[match]", "[extra]\nx = 1\n[match]", "extra", "unknown key"),
        (
            "[match]",
            '[[setup]]\ncharacteristic = "3e71"\nbytes = "0g"\n[match]',
            "setup[0].bytes",
            "is not hex",
        ),
        (
            "[binary]",
            '[binary]\nsequence = { at = 0, type = "f32" }',
            "binary.sequence.type",
            "cannot count",
        ),
    ],
)
def test_a_mistake_names_the_file_the_key_and_the_reason(
    tmp_path: Path, line: str, replacement: str, key: str, reason: str
) -> None:
    assert line in MINIMAL
    path = written(tmp_path, MINIMAL.replace(line, replacement, 1))
    with pytest.raises(
        SettingsError, match=rf"{re.escape(str(path))}(:\d+)?: {re.escape(key)}: "
    ) as caught:
        load(path)
    assert reason in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("[valid]\nabove = 9\nbelow = 3\n", 3),
        ('[[setup]]\ncharacteristic = "3e71"\nbytes = "01"\n[[setup]]\n\nbytes = "0g"\n', 4),
        ('[[setup]]\ncharacteristic = "3e71"\nbytes = """\n01\n02"""\nspeed = 1\n', 6),
        ('[scale]\n\nformula = "exp"\n', 3),
        ("[scale]\nfactor = 1 # an = equals sign\n[valid]\nabove = 'x'\n", 4),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, wrong: str, line: int) -> None:
    path = written(tmp_path, MINIMAL + wrong)
    with pytest.raises(SettingsError, match=rf":{MINIMAL.count(chr(10)) + line}: "):
        load(path)


@pytest.mark.parametrize("text", ["title = ", "\udcff"])
def test_a_file_that_is_not_toml_is_one_clear_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "band.toml"
    path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
    with pytest.raises(SettingsError, match=r"band\.toml is not TOML"):
        load(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_a_resistance_becomes_a_conductance(tmp_path: Path) -> None:
    scale = '[scale]\nformula = "resistance"\nfactor = 0.5\noffset = 100\n'
    profile = load(written(tmp_path, MINIMAL + scale))
    # 300 * 0.5 + 100 = 250 kOhm is 4 uS
    assert values(profile, "2c01") == pytest.approx([4.0])


def test_a_contact_bit_and_a_stride_are_read(tmp_path: Path) -> None:
    fields = """
[binary]
contact = { at = 0, type = "u8", mask = 2, worn = 2 }
values = { at = 1, type = "i24", endian = "big", every = 4, count = 2 }
"""
    profile = load(written(tmp_path, MINIMAL.split("[binary]")[0] + fields))
    decoder = DescribedDecoder(profile.streams)
    worn, loose = (decoder.decode(bytes.fromhex(h + "000004 ff 000005"))[0] for h in ("ff", "fd"))
    assert (worn.values, worn.worn) == ((4.0, 5.0), True)
    assert loose.worn is False
    strict = load(written(tmp_path, MINIMAL.split("[binary]")[0] + fields + VALID))
    (low,) = DescribedDecoder(strict.streams).decode(bytes.fromhex("ff 000004 ff 000001"))
    assert low.worn is False


def test_the_closest_match_rule_wins() -> None:
    uart, vendor = PROFILES["uart-text"].service, PROFILES["packed"].service
    assert find(PROFILES.values(), "Empatica E4 123") is PROFILES["empatica-e4"]
    assert find(PROFILES.values(), "anything", [uart.upper()]) is PROFILES["uart-text"]
    assert find(PROFILES.values(), "my packed band", [vendor]) is PROFILES["packed"]
    assert find(PROFILES.values(), "my float band", [vendor]) is PROFILES["float32"]
    assert find(PROFILES.values(), "Polar H10", []) is None


def test_the_worked_example_of_the_documentation_decodes_as_it_says(tmp_path: Path) -> None:
    text = (SHIPPED.parents[1] / "docs" / "sensors.md").read_text(encoding="utf-8")
    section = text.split("## Add a band in ten minutes")[1].split("### A band with")[0]
    (example,) = re.findall(r"```toml\n(.*?)```", section, flags=re.DOTALL)
    (packet,) = re.findall(r"`((?:[0-9a-f]{2} ){5}[0-9a-f]{2})`", section)
    (first, second) = re.findall(r"The packet above is ([\d.]+) and ([\d.]+)", section)[0]
    profile = load(written(tmp_path, example))
    (frame,) = DescribedDecoder(profile.streams).decode(bytes.fromhex(packet))
    assert frame.values == pytest.approx((float(first), float(second)), rel=1e-3)
    assert frame.worn
    assert profile.matches("Calm-07")


def test_every_key_that_a_profile_may_have_is_documented(tmp_path: Path) -> None:
    section = (SHIPPED.parents[1] / "docs" / "sensors.md").read_text(encoding="utf-8")
    section = section.split("### Every key")[1]
    for table in ("match", "setup", "data", "binary", "text", "scale", "valid"):
        broken = MINIMAL + f"[{table}]\nnonsense = 1\n"
        if table in ("match", "data", "binary"):
            broken = MINIMAL.replace(f"[{table}]", f"[{table}]\nnonsense = 1")
        elif table == "setup":
            setup = 'characteristic = "2a57"\nbytes = "01"\nnonsense = 1\n'
            broken = MINIMAL + f"[[setup]]\n{setup}"
        elif table == "text":
            broken = MINIMAL.split("[binary]")[0] + "[text]\nvalue = 0\nnonsense = 1\n"
        with pytest.raises(SettingsError, match="unknown key") as caught:
            load(written(tmp_path, broken))
        for key in re.findall(r"\w+", caught.value.hint.removeprefix("Known are ")):
            assert f"`{key}`" in section


def test_a_status_tells_which_profile_decodes_and_remarks_do_not_count() -> None:
    text = (Path(__file__).parents[2] / "configs" / "devices" / "packed.toml").read_text()
    mine = parse(Path("mine.toml"), text)
    lines = [f"{line}  # a remark" for line in text.splitlines() if "#" not in line]
    same = parse(Path("mine.toml"), "\n".join(lines))
    other = parse(Path("mine.toml"), text.replace("factor = 0.001", "factor = 0.002"))
    (status,) = reader_of(mine, "x").take(LinkChange(0.1, "streaming", "x"))
    assert isinstance(status, SensorStatus)
    assert status.profile == f"mine {mine.digest}"
    assert same.digest == mine.digest != other.digest
