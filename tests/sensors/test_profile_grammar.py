"""What a profile can say of bands with several signals, odd numbers, and a will of their own."""

import asyncio
import math
import re
from itertools import pairwise
from pathlib import Path

import pytest

from sensors.ble.band import BandReader
from sensors.ble.described import DescribedSettings, _Writes, reader_of
from sensors.ble.inbox import Packet
from sensors.ble.link import LinkChange
from sensors.codecs.described import DescribedDecoder, decoders_of
from sensors.codecs.frame import SampleFrame
from sensors.errors import PacketError, SensorUnavailable, SettingsError
from sensors.profiles.fields import PacketField
from sensors.profiles.lines import line_of
from sensors.profiles.loader import load, parse
from sensors.profiles.schema import DeviceProfile
from sensors.signals import Chunk, Gap, Signal

DOCS = Path(__file__).parents[2] / "docs" / "sensors.md"
DATA = "00002a58-0000-1000-8000-00805f9b34fb"
HEAD = 'title = "A band"\nsupport = "none"\n[match]\nname = "Band*"\n'


def profile(text: str) -> DeviceProfile:
    return parse(Path("band.toml"), HEAD + text)


def duo() -> DeviceProfile:
    """Return the band with two signals that the documentation has as its example."""
    section = DOCS.read_text(encoding="utf-8").split("### A band with more to it")[1]
    (example,) = re.findall(r"```toml\n(.*?)```", section, flags=re.DOTALL)
    return parse(Path("duo.toml"), example)


def eda(number: int, ticks: int, *levels: int) -> bytes:
    """Return a packet of the band: a type, a counter, a clock, numbers of 12 bits."""
    bits = "".join(f"{level:012b}" for level in levels)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([1, number & 0xFF]) + ticks.to_bytes(2, "big") + packed


def temp(number: int, tenths: int) -> bytes:
    return bytes([2, number & 0xFF]) + (0xF000 | tenths).to_bytes(2, "little")


def test_a_type_byte_says_which_of_two_signals_a_packet_holds() -> None:
    (decoder,) = decoders_of(duo()).values()
    (skin,) = decoder.decode(eda(0, 100, *range(400, 408)))
    (heat,) = decoder.decode(temp(1, 334))
    assert (skin.signal, skin.clock_s) == (Signal.EDA, 1.0)
    assert skin.values == pytest.approx([level / 100 for level in range(400, 408)])
    assert heat == SampleFrame(Signal.TEMP, (pytest.approx(33.4),))
    assert decoder.decode(bytes([3, 0, 0, 0])) == []  # a type that nobody described


def test_the_documented_packets_give_what_they_hold() -> None:
    text = DOCS.read_text(encoding="utf-8")
    first, second = re.findall(r'--packet "([0-9a-f ]+)"', text)[:2]
    (decoder,) = decoders_of(duo()).values()
    assert set(decoder.decode(bytes.fromhex(first))[0].values) == {4.0, 4.01}
    assert decoder.decode(bytes.fromhex(second))[0].values == pytest.approx((33.4,))


def test_a_counter_of_all_packets_counts_those_of_other_types_too() -> None:
    (decoder,) = decoders_of(duo()).values()
    decoder.decode(eda(254, 0, *8 * [400]))
    (heat,) = decoder.decode(temp(255, 334))
    (skin,) = decoder.decode(eda(0, 100, *8 * [400]))
    assert heat.bad == skin.bad == ()
    (later,) = decoder.decode(eda(3, 200, *8 * [400]))
    assert later.bad == (("lost packets", 2),)


def test_a_packet_that_is_cut_spoils_only_what_it_was_to_hold() -> None:
    both = profile(
        f'[[stream]]\ncharacteristic = "{DATA}"\nrate_hz = 1\n'
        'binary = { values = { at = 0, type = "u8", count = 1 } }\n'
        f'[[stream]]\ncharacteristic = "{DATA}"\nsignal = "temp"\nrate_hz = 1\n'
        'binary = { values = { at = 1, type = "u16", count = 1 } }\n'
    )
    decoder = DescribedDecoder(both.streams)
    whole = decoder.decode(bytes([4, 33, 0]))
    assert [(frame.signal, frame.values) for frame in whole] == [
        (Signal.EDA, (4.0,)),
        (Signal.TEMP, (33.0,)),
    ]
    skin, heat = decoder.decode(bytes([4, 33]))
    assert (skin.values, skin.bad) == ((4.0,), ())
    assert math.isnan(heat.values[0])
    assert heat.bad == (("wrong length", 1),)
    with pytest.raises(PacketError):
        decoder.decode(b"")


#: The examples of ISO/IEEE 11073-20601 are among the two last kinds.
@pytest.mark.parametrize(
    ("field", "packet", "number"),
    [
        (PacketField(0, "u12", big_endian=True), "abc0", 0xABC),
        (PacketField(4, "u12", big_endian=True), "0abc", 0xABC),
        (PacketField(12, "i12", big_endian=True), "000fff", -1),
        (PacketField(0, "u12"), "bc0a", 0xABC),
        (PacketField(12, "u12"), "00c0ab", 0xABC),
        (PacketField(12, "i12"), "0000 80", -2048),
        (PacketField(0, "i24", big_endian=True), "ff0000", -65536),
        (PacketField(0, "i24"), "0000ff", -65536),
        (PacketField(8, "u10"), "00 ff 03", 1023),
        (PacketField(0, "u1"), "01", 1),
        (PacketField(7, "u1"), "80", 1),
        (PacketField(0, "f32", big_endian=True), "40400000", 3.0),
        (PacketField(8, "ascii", length=6), "2a 20342e3132 00", 4.12),
        (PacketField(0, "ascii", length=3), "2d3735", -75),
        (PacketField(0, "ascii", length=3), "312c35", math.nan),
        (PacketField(0, "sfloat"), "14f0", 2.0),
        (PacketField(0, "sfloat"), "c8e0", 2.0),
        (PacketField(0, "sfloat"), "0210", 20),
        (PacketField(0, "sfloat"), "2e0b", -1234),
        (PacketField(0, "sfloat"), "ff07", math.nan),
        (PacketField(0, "sfloat", big_endian=True), "0800", math.nan),
        (PacketField(0, "float"), "140000ff", 2.0),
        (PacketField(0, "float"), "2efbff00", -1234),
        (PacketField(0, "float"), "6c0100ff", 36.4),
        (PacketField(0, "float"), "ffff7f00", math.nan),
    ],
)
def test_a_number_is_read_however_it_is_written(
    field: PacketField, packet: str, number: float
) -> None:
    assert field.read(bytes.fromhex(packet)) == pytest.approx(number, nan_ok=True)


@pytest.mark.parametrize("big", [True, False])
@pytest.mark.parametrize("bits", [1, 7, 10, 12, 14, 20, 24, 31])
def test_numbers_of_any_size_follow_each_other_without_a_hole(bits: int, big: bool) -> None:
    numbers = [(7919 * i) % (1 << bits) for i in range(16)]
    order = reversed(list(enumerate(numbers))) if big else enumerate(numbers)
    whole = sum(number << bits * (15 - i if big else i) for i, number in order)
    packet = whole.to_bytes(2 * bits, "big" if big else "little")
    field = PacketField(0, f"u{bits}", big)
    assert [field.read(packet, i * bits) for i in range(16)] == numbers


@pytest.mark.parametrize(
    ("packet", "is_one"),
    [("80010700", True), ("8001ff00aa", True), ("800107", False), ("80020700", False), ("", False)],
)
def test_an_awaited_answer_is_told_by_how_it_begins(packet: str, is_one: bool) -> None:
    (write,) = duo().setup
    assert write.is_answer(bytes.fromhex(packet)) == is_one


def test_the_axes_of_an_accelerometer_are_one_sample() -> None:
    axes = profile(
        f'[data]\ncharacteristic = "{DATA}"\nsignal = "acc"\nrate_hz = 50\nsamples_per_packet = 2\n'
        '[binary]\nvalues = { at = 0, type = "i16", axes = 3 }\n[scale]\nfactor = 0.001\n'
    )
    (chunk,) = chunks(reader_of(axes, "band"), [(1.0, "e803 0000 18fc e803 0a00 18fc")])
    assert chunk.values.tolist() == [[1.0, 0.0, -1.0], [1.0, 0.01, -1.0]]
    assert len(chunk.times_s) == 2


def chunks(reader: BandReader, packets: list[tuple[float, str]]) -> list[Chunk]:
    samples = []
    for time_s, data in packets:
        samples += reader.take(Packet(time_s, DATA, bytes.fromhex(data)))
    return [sample for sample in samples if isinstance(sample, Chunk)]


SLOW = profile(
    f'[data]\ncharacteristic = "{DATA}"\nrate_hz = 4\nsamples_per_packet = 2\n'
    '[binary]\nsequence = { at = 0, type = "u8" }\nvalues = { at = 1, type = "u8" }\n'
)


def sent(reader: BandReader, hz: float, seconds: float, lose: int = 0) -> list[object]:
    """Return what comes of a band that sends two samples at a time, and loses every nth packet."""
    samples: list[object] = []
    reader.take(LinkChange(0.0, "streaming", "band"))
    for i in range(int(seconds * hz / 2)):
        if lose and i % lose == 1:
            continue
        packet = Packet((i + 1) * 2 / hz, DATA, bytes([i & 0xFF, 4, 5]))
        samples += reader.take(packet)
    return samples


def test_a_rate_other_than_the_profile_says_is_measured_said_and_used() -> None:
    reader = reader_of(SLOW, "band")
    samples = sent(reader, 8.0, 60.0)
    late = [s for s in samples if isinstance(s, Chunk) and s.times_s[0] > 20.0]
    assert {chunk.rate_hz for chunk in late} == {8.0}
    spaced = [float(b.times_s[0] - a.times_s[-1]) for a, b in pairwise(late)]
    assert spaced == pytest.approx([0.125] * len(spaced), abs=0.01)
    status = reader.take(LinkChange(61.0, "lost", reason="link"))[0]
    assert status.bad["wrong rate"] == 1  # type: ignore[union-attr]
    told = [s for s in samples if not isinstance(s, Chunk | Gap)]
    assert "promised 4 samples of eda a second and sends 8" in told[-1].detail  # type: ignore[attr-defined]
    assert told[-1].trust == {"eda": 0.8}  # type: ignore[attr-defined]


@pytest.mark.parametrize("lose", [0, 3])
def test_a_rate_as_promised_is_not_doubted_even_where_packets_are_lost(lose: int) -> None:
    reader = reader_of(SLOW, "band")
    samples = sent(reader, 4.0, 60.0, lose)
    assert {s.rate_hz for s in samples if isinstance(s, Chunk)} == {4.0}
    (status,) = reader.take(LinkChange(61.0, "lost", reason="link"))
    assert "wrong rate" not in status.bad  # type: ignore[union-attr]


BEATS = profile(
    f'[[stream]]\ncharacteristic = "{DATA}"\nsignal = "rr"\nperiod_s = 2\n'
    'binary = { values = { at = 1, type = "u16" } }\nscale = { factor = 0.001 }\n'
    f'[[stream]]\ncharacteristic = "{DATA}"\nsignal = "hr"\nperiod_s = 2\n'
    'binary = { values = { at = 0, type = "u8", count = 1 } }\n'
)


def heart(reader: BandReader, times: int) -> list[object]:
    """Return what comes of two minutes of a heart whose intervals are each sent so often."""
    samples: list[object] = list(reader.take(LinkChange(0.0, "streaming", "band")))
    for i in range(60):
        intervals = [960 + 17 * (i % 5), 1006 - 11 * (i % 7)]
        data = b"".join(rr.to_bytes(2, "little") for rr in intervals for _ in range(times))
        samples += reader.take(Packet(2.0 * (i + 1), DATA, bytes([61]) + data))
    return samples


def test_intervals_of_a_band_stand_at_the_ends_of_their_beats() -> None:
    (first, *_) = [s for s in heart(reader_of(BEATS, "b"), 1) if isinstance(s, Chunk)]
    assert first.values[:, 0].tolist() == pytest.approx([0.96, 1.006])
    assert first.times_s.tolist() == pytest.approx([2.0 - 1.006, 2.0])


@pytest.mark.parametrize(("times", "trust"), [(1, {}), (2, {"rr": 0.0})])
def test_intervals_of_a_band_are_held_against_the_time_that_passes(
    times: int, trust: dict[str, float]
) -> None:
    reader = reader_of(BEATS, "band")
    told = [s for s in heart(reader, times) if not isinstance(s, Chunk | Gap)]
    assert told[-1].trust == trust  # type: ignore[attr-defined]
    assert ("impossible" in told[-1].detail) == (times == 2)  # type: ignore[attr-defined]
    (lost,) = reader.take(LinkChange(121.0, "lost", reason="link"))
    assert ("contradictory" in lost.bad) == (times == 2)  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["[[stream]]\nfactor = 1" + 400 * "0", "a = " + 2000 * "[", "a = " + 5000 * "1"],
    ids=["too long for a float", "deep", "more digits than are read"],
)
def test_what_no_profile_can_mean_is_one_mistake(text: str) -> None:
    with pytest.raises(SettingsError):
        profile(text)


def test_a_line_of_blanks_takes_no_longer_than_others() -> None:
    """Twice as long, twice the work: the search of a line for its key does not try again."""
    assert line_of("[" + 200_000 * " " + "\n" + 200_000 * " " + "\na = 1", "a") == 3
    assert line_of('  [[ stream . "x" ]]\n  b . c = 1', "stream.x[0].b.c") == 2


@pytest.mark.parametrize("kind", ["setup", "repeat", "goodbye"])
def test_a_device_that_lacks_what_its_profile_writes_to_is_refused_by_name(kind: str) -> None:
    """Before anything is written: a write that fails later would end each link in turn."""

    class Bare:
        def has(self, uuid: str) -> bool:
            return uuid == DATA

    every = "every_s = 1.0\n" if kind == "repeat" else ""
    asked = profile(
        f'[[stream]]\ncharacteristic = "{DATA}"\nsignal = "eda"\nrate_hz = 4\n'
        f'[stream.binary]\nvalues = {{ at = 0, type = "u16" }}\n'
        f'[[{kind}]]\ncharacteristic = "{DATA[:4]}ffff{DATA[8:]}"\nbytes = "01"\n{every}'
    )
    begin = _Writes(DescribedSettings(profile=asked), lambda: 0.0).begin
    with pytest.raises(SensorUnavailable, match=r"0000ffff.*profile band"):
        asyncio.run(begin(Bare()))


def stream_of(binary: str, more: str = "") -> str:
    return (
        f'[[stream]]\ncharacteristic = "{DATA}"\nrate_hz = 1\n{more}\n'
        f"binary = {{ values = {{ {binary} }} }}\n"
    )


@pytest.mark.parametrize(
    ("rule", "packet", "holds"),
    [
        ('type = "i8", is = -1', "ff", True),
        ('type = "i8", is = 255', "ff", True),
        ('type = "i8", is = -1', "fe", False),
        ('type = "i8", is = -128, mask = 0x80', "85", True),
        ('type = "i16", is = -2', "feff", True),
        ('type = "ascii", length = 2, is = "TE"', "5445", True),
        ('type = "ascii", length = 2, is = "TE"', "4544", False),
        ('type = "ascii", length = 4, is = "T"', "54200000", True),
        ('type = "ascii", length = 2, is = 7', "2037", True),
    ],
)
def test_a_rule_holds_for_signed_numbers_and_for_letters(
    rule: str, packet: str, holds: bool
) -> None:
    band = profile(stream_of('at = 0, type = "u8"', f"when = {{ at = 0, {rule} }}"))
    (when,) = (stream.when for stream in band.streams)
    assert when
    assert when.holds(bytes.fromhex(packet)) is holds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (stream_of('at = 0, type = "u8"', 'when = { at = 0, type = "u8", is = 256 }'), "0 to 255"),
        (stream_of('at = 0, type = "u8"', 'when = { at = 0, type = "i8", is = -129 }'), "-128 to"),
        (stream_of('at = 0, type = "u8"', 'when = { at = 0, type = "u8", is = "A" }'), "whole"),
        (
            f'[[stream]]\ncharacteristic = "{DATA}"\nrate_hz = 1\ntext = {{ value = 1 }}\n'
            'when = { at = 0, type = "u8", is = 1 }\n',
            r"\[binary\]",
        ),
    ],
)
def test_a_rule_that_could_never_hold_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        profile(text)


def test_a_band_worn_at_a_negative_number_is_worn() -> None:
    text = 'values = { at = 1, type = "u8" }, contact = { at = 0, type = "i8", worn = -1 }'
    band = profile(f'[data]\ncharacteristic = "{DATA}"\nrate_hz = 1\n[binary]\n'
                   + "\n".join(text.replace("}, c", "}\nc").splitlines()))  # fmt: skip
    (decoder,) = decoders_of(band).values()
    assert [decoder.decode(bytes([sign, 5]))[0].worn for sign in (0xFF, 1)] == [True, False]


def test_a_counter_of_samples_steps_by_whole_samples_also_when_an_axis_is_left_out() -> None:
    band = profile(
        f'[data]\ncharacteristic = "{DATA}"\nsignal = "acc"\nrate_hz = 50\n[binary]\n'
        'sequence = { at = 0, type = "u8", counts = "samples" }\n'
        'values = { at = 1, type = "u8", axes = 2, sample_every = 3 }\n'
    )
    (decoder,) = decoders_of(band).values()
    (first,) = decoder.decode(bytes([0, *range(1, 13)]))  # four samples of x, y and z
    (second,) = decoder.decode(bytes([4, *range(1, 9)]))  # of the third its z is cut off
    (third,) = decoder.decode(bytes([7, *range(1, 4)]))
    assert first.values == (1, 2, 4, 5, 7, 8, 10, 11)
    assert (second.values, second.bad) == ((1, 2, 4, 5, 7, 8), ())
    assert (third.lost, third.bad) == (0, ())


def test_a_file_too_large_for_a_profile_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "band.toml"
    path.write_text(HEAD + stream_of('at = 0, type = "u8"') + "#" * 1_000_000)
    with pytest.raises(SettingsError, match="more than 1 MB") as told:
        load(path)
    assert "\n" not in str(told.value)
