"""What every profile of a Bluetooth band promises: packets become values, or are refused."""

from __future__ import annotations

import math
from random import Random

import pytest

from sensors.codecs.described import DescribedDecoder, decoders_of
from sensors.errors import PacketError
from sensors.profiles.loader import find, load
from sensors.profiles.schema import BinaryLayout, DeviceProfile

KIND = "device"


@pytest.fixture
def profile(part: str) -> DeviceProfile:
    from biofeedback.storage.configs import config_files

    return load(config_files("devices")[part].path)


def test_it_says_what_it_is_and_what_it_was_tried_on(profile: DeviceProfile, part: str) -> None:
    assert profile.name == part
    assert profile.title
    assert profile.support


def test_its_own_devices_are_found_by_it_and_no_others(profile: DeviceProfile) -> None:
    if profile.name_pattern:
        name = profile.name_pattern.replace("*", " ").strip()
        assert find([profile], name, (profile.service,) if profile.service else ()) is profile
    assert find([profile], "", ()) is None
    assert find([profile], "Polar H10 12345678", ("180d",)) is None


def test_any_bytes_become_values_that_are_numbers_or_missing(profile: DeviceProfile) -> None:
    rng = Random(1)
    for uuid, decoder in decoders_of(profile).items():
        frames = refused = 0
        for _ in range(400):
            packet = rng.randbytes(rng.randrange(64))
            try:
                for frame in decoder.decode(packet):
                    frames += 1
                    for value in frame.values:
                        assert math.isnan(value) or math.isfinite(value)
                    assert frame.lost >= 0
            except PacketError:
                refused += 1
        binary = any(isinstance(stream.layout, BinaryLayout) for stream in profile.of(uuid))
        assert frames or refused or not binary


def test_a_connection_begins_anew_after_a_reset(profile: DeviceProfile) -> None:
    rng = Random(2)
    packets = [rng.randbytes(40) for _ in range(5)]
    for decoder in decoders_of(profile).values():

        def decoded(packet: bytes, decoder: DescribedDecoder = decoder) -> list[str]:
            try:
                return [str(frame) for frame in decoder.decode(packet)]
            except PacketError as error:
                return [str(error)]

        first = [decoded(packet) for packet in packets]
        decoder.reset()
        assert [decoded(packet) for packet in packets] == first
