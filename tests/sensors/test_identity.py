"""Which device is meant: exactly the one that was asked for, and after it has worked no other."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest

from sensors.ble import radio
from sensors.ble.claims import claims
from sensors.ble.device_query import DeviceQuery, address_of
from sensors.ble.identity import DeviceIdentity
from sensors.ble.radio import Advertisement, DeviceKind
from sensors.errors import SensorNotFound, SettingsError


def seen(name: str, address: str, kind: DeviceKind = "heart rate strap") -> Advertisement:
    return Advertisement(name, address, -60, kind, None)  # type: ignore[arg-type]


def address(rng: Random, mac: bool = True) -> str:
    if mac:
        return ":".join(f"{rng.randrange(256):02X}" for _ in range(6))
    digits = f"{rng.getrandbits(128):032X}"
    return "-".join(digits[a:b] for a, b in itertools.pairwise((0, 8, 12, 16, 20, 32)))


POLAR = seen("Polar H10 1", "AA:00:00:00:00:01")
OTHER = seen("Polar H10 12", "AA:00:00:00:00:02")
BAND = seen("Band", "AA:00:00:00:00:03", "other")


def choose(wanted: str, there: Sequence[Advertisement], **more: str) -> Advertisement | None:
    async def chosen() -> Advertisement | None:
        return DeviceIdentity(DeviceQuery(text=wanted, **more)).choose(there, 0.0)

    return asyncio.run(chosen())


@pytest.mark.parametrize(
    ("wanted", "there", "expected"),
    [
        (OTHER.address, [POLAR, OTHER], OTHER),
        (OTHER.address.lower(), [POLAR, OTHER], OTHER),
        (OTHER.address.replace(":", "-"), [POLAR, OTHER], OTHER),
        (OTHER.address, [POLAR], None),
        ("Polar H10 1", [POLAR, OTHER], POLAR),
        ("polar h10 12", [POLAR, OTHER], OTHER),
        ("ban", [POLAR, BAND], BAND),
        ("", [POLAR, BAND], POLAR),
        ("", [BAND], None),
        ("H10", [POLAR], None),
        ("Polar", [], None),
    ],
)
def test_a_device_is_chosen_by_address_then_name_then_beginning(
    wanted: str, there: list[Advertisement], expected: Advertisement | None
) -> None:
    assert choose(wanted, there) == expected


@pytest.mark.parametrize("mac", [True, False], ids=["address", "identifier of macOS"])
def test_an_address_means_that_device_among_any_namesakes_in_any_order(mac: bool) -> None:
    rng = Random("namesakes")
    for _ in range(200):
        there = [seen(rng.choice(["HW706", ""]), address(rng, mac)) for _ in range(5)]
        mine = rng.choice(there)
        # A name may be an address, even mine.
        there += [seen(mine.address, address(rng, mac)), seen(address(rng, mac), "x")]
        rng.shuffle(there)
        assert choose(mine.address, there) == mine
        assert choose(mine.address, [device for device in there if device != mine]) is None
        assert address_of(mine.name) == ""


@pytest.mark.parametrize("wanted", ["", "polar", "Twin"])
def test_what_could_mean_several_is_an_error_that_tells_them_apart(wanted: str) -> None:
    twins = [replace(POLAR, name="Twin"), replace(OTHER, name="Twin", rssi_dbm=None, in_use=True)]
    there = twins if wanted == "Twin" else [POLAR, OTHER, BAND]
    with pytest.raises(SensorNotFound) as raised:
        choose(wanted, there)
    first, second = (device.address for device in (POLAR, OTHER))
    assert f"({first}, -60 dBm)" in str(raised.value)
    assert f"({second}, {'in use' if wanted == 'Twin' else '-60 dBm'})" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert f"ble:{first}" in raised.value.hint


def test_a_namesake_that_shows_itself_later_still_makes_a_name_ambiguous() -> None:
    async def looks() -> None:
        identity = DeviceIdentity(DeviceQuery(text="HW706"))
        mine, theirs = seen("HW706", "AA:00:00:00:00:01"), seen("HW706", "AA:00:00:00:00:02")
        assert identity.choose([mine], 0.0) == mine
        with pytest.raises(SensorNotFound):
            identity.choose([theirs], 3.0)  # mine did not work yet, and is away

    asyncio.run(looks())


class Radio:
    """When each address was first seen, told by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.first_s: dict[str, float] = {}
        monkeypatch.setattr(
            "sensors.ble.identity.first_seen_s", lambda a: self.first_s.get(a, float("inf"))
        )


def after_a_loss(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[DeviceIdentity, Radio], Awaitable[None]]
) -> None:
    """Let a strap of a serial number work at 10 s and be out of sight at 14 s; hand it over."""
    there = Radio(monkeypatch)

    async def run() -> None:
        identity = DeviceIdentity(DeviceQuery(text=MINE.address))
        there.first_s[MINE.address] = 1.0
        assert identity.choose([MINE], 1.0) == MINE
        identity.works(MINE, 10.0)
        identity.serial = "SN-0042"
        identity.released(MINE, surely=True)
        assert identity.choose([], AWAY_S) is None
        await work(identity, there)

    asyncio.run(run())


AWAY_S = 14.0
MINE = seen("HW706", "C0:00:00:00:00:01")
NAMESAKE = seen("HW706", "C0:00:00:00:00:02")


def test_after_a_loss_a_namesake_that_was_there_before_is_never_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(identity: DeviceIdentity, there: Radio) -> None:
        there.first_s[NAMESAKE.address] = 9.0
        assert identity.choose([NAMESAKE], 50.0) is None
        assert not identity.is_enough(NAMESAKE, 20.0)
        assert MINE.address in identity.obstacle
        assert f"ble:{NAMESAKE.address}" in identity.obstacle
        assert identity.choose([NAMESAKE, MINE], 50.0) == MINE

    after_a_loss(monkeypatch, work)


@pytest.mark.parametrize("serial", ["", "0000", "42"])
def test_without_a_serial_number_that_tells_a_new_address_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, serial: str
) -> None:
    async def work(identity: DeviceIdentity, there: Radio) -> None:
        identity.serial = serial
        there.first_s[NAMESAKE.address] = 12.0
        assert identity.choose([NAMESAKE], 50.0) is None
        assert "left alone" in identity.obstacle

    after_a_loss(monkeypatch, work)


def test_a_new_address_is_known_by_its_serial_number_and_another_one_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(identity: DeviceIdentity, there: Radio) -> None:
        there.first_s[NAMESAKE.address] = 12.0
        assert identity.choose([NAMESAKE], 50.0) == NAMESAKE
        assert identity.must_tell(NAMESAKE)
        assert not identity.is_told(NAMESAKE, "SN-0043")
        identity.released(NAMESAKE, surely=True)
        assert identity.choose([NAMESAKE], 50.0) is None
        renamed = replace(MINE, address="C0:00:00:00:00:99")
        there.first_s[renamed.address] = 14.0
        assert identity.choose([NAMESAKE, renamed], 50.0) == renamed
        assert identity.is_told(renamed, "sn-0042\0")
        identity.works(renamed, 20.0)
        assert identity.choose([MINE, NAMESAKE, renamed], 50.0) == renamed

    after_a_loss(monkeypatch, work)


def test_a_namesake_is_not_tried_until_the_known_device_has_been_away_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(identity: DeviceIdentity, there: Radio) -> None:
        there.first_s[NAMESAKE.address] = 12.0
        for now_s in (AWAY_S + 1.0, AWAY_S + 29.9):
            assert identity.choose([NAMESAKE], now_s) is None
            assert not identity.is_enough(NAMESAKE, now_s)
        assert "will be asked for its serial number" in identity.obstacle
        assert identity.choose([MINE, NAMESAKE], AWAY_S + 31.0) == MINE  # in sight: a new wait
        assert identity.choose([NAMESAKE], AWAY_S + 40.0) is None
        assert identity.choose([NAMESAKE], AWAY_S + 69.9) is None
        assert identity.choose([NAMESAKE], AWAY_S + 70.0) == NAMESAKE
        identity.works(MINE, 100.0)
        there.first_s[NAMESAKE.address] = 101.0
        assert not identity.is_enough(NAMESAKE, 131.0)
        assert identity.choose([NAMESAKE], 131.0) is None

    after_a_loss(monkeypatch, work)


@pytest.mark.parametrize(
    ("mine", "other", "asked"),
    [
        ("random", "random", True),
        ("random", "public", False),
        ("public", "random", False),
        ("public", "public", False),
        ("", "", True),  # other systems than BlueZ do not tell
    ],
)
def test_a_public_address_never_changes(
    monkeypatch: pytest.MonkeyPatch, mine: str, other: str, asked: bool
) -> None:
    async def work(identity: DeviceIdentity, there: Radio) -> None:
        identity.works(of_type(MINE, mine), 20.0)
        there.first_s[NAMESAKE.address] = 22.0
        assert identity.choose([], 25.0) is None
        chosen = identity.choose([of_type(NAMESAKE, other)], 60.0)
        assert chosen == (NAMESAKE if asked else None)

    after_a_loss(monkeypatch, work)


def of_type(device: Advertisement, address_type: str) -> Advertisement:
    props = {"AddressType": address_type} if address_type else {}
    told = SimpleNamespace(details={"path": "/", "props": props})
    return replace(device, device=told)  # type: ignore[arg-type]


def test_one_whose_serial_number_cannot_be_read_rests_longer_each_time_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(identity: DeviceIdentity, there: Radio) -> None:
        there.first_s[NAMESAKE.address] = 12.0
        now_s = 50.0
        for rest_s in (30.0, 60.0, 120.0):
            assert identity.choose([NAMESAKE], now_s) == NAMESAKE
            identity.told_nothing(NAMESAKE, now_s)
            identity.released(NAMESAKE, surely=True)
            assert identity.choose([NAMESAKE], now_s + rest_s - 0.1) is None
            now_s += rest_s
        assert not identity.is_told(NAMESAKE, "SN-0043")
        assert identity.choose([NAMESAKE], 1e6) is None  # another device stays another one

    after_a_loss(monkeypatch, work)


def test_who_asks_for_a_serial_number_has_each_strap_tried_twice_before_it_rests() -> None:
    async def looks() -> None:
        identity = DeviceIdentity(DeviceQuery(serial="SN-0042"))
        for expected in (MINE, NAMESAKE, MINE, NAMESAKE):
            assert identity.choose([MINE, NAMESAKE], 1.0) == expected
            identity.told_nothing(expected, 1.0)
        assert identity.choose([MINE, NAMESAKE], 30.9) is None
        assert identity.choose([MINE, NAMESAKE], 31.0) == MINE

    asyncio.run(looks())


@pytest.mark.parametrize("text", ["\u200b", "\x00\x01", "\x1c", "\u202e\u2066", "\xa0"])
def test_a_text_in_which_nothing_can_be_seen_is_a_mistake_and_fits_nothing(text: str) -> None:
    for words in ({"text": text}, {"serial": text}):
        with pytest.raises(SettingsError) as raised:
            DeviceQuery(**words)
        assert "\n" not in str(raised.value)
        assert str(raised.value).isprintable()
        assert "leave it out" in raised.value.hint
    assert DeviceQuery(text=f"{text}H10").text == "H10"


@pytest.mark.parametrize("wanted", ["", "HW706", NAMESAKE.address])
def test_what_another_sensor_holds_is_left_alone_even_while_it_is_away(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    async def work(identity: DeviceIdentity, there: Radio) -> None:
        other = DeviceIdentity(DeviceQuery(text=NAMESAKE.address))
        assert other.choose([NAMESAKE], 50.0) == NAMESAKE
        other.works(NAMESAKE, 11.0)
        there.first_s[NAMESAKE.address] = 12.0
        assert identity.choose([NAMESAKE], 50.0) is None
        third = DeviceIdentity(DeviceQuery(text=wanted))
        if wanted == NAMESAKE.address:
            assert third.choose([NAMESAKE], 50.0) is None
            assert "another sensor" in str(third.not_found(30.0))
        else:
            with pytest.raises(SensorNotFound):
                third.choose([NAMESAKE], 50.0)
        other.close()
        identity.close()
        assert claims().of_others(third) == {}
        assert (
            DeviceIdentity(DeviceQuery(text=NAMESAKE.address)).choose([NAMESAKE], 50.0) == NAMESAKE
        )

    after_a_loss(monkeypatch, work)


def test_what_another_program_listens_to_is_left_alone_and_our_own_left_over_link_is_not() -> None:
    async def looks() -> None:
        identity = DeviceIdentity(DeviceQuery(text=MINE.address))
        linked = replace(MINE, rssi_dbm=None)
        listened_to = replace(linked, in_use=True)
        assert identity.choose([linked], 50.0) == linked
        assert identity.choose([listened_to], 50.0) is None
        assert "in use by another program" in str(identity.not_found(30.0))
        identity.works(linked, 10.0)
        assert identity.choose([listened_to], 50.0) is None
        identity.released(linked, surely=False)  # the goodbye failed
        assert identity.choose([listened_to], 50.0) == listened_to

    asyncio.run(looks())


def test_a_search_ends_early_for_an_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first_s = {POLAR.address: 1.0}
    monkeypatch.setattr("sensors.ble.identity.first_seen_s", first_s.__getitem__)
    by_address, by_name, any_one = (
        DeviceIdentity(DeviceQuery(text=text)) for text in (POLAR.address, POLAR.name, "")
    )
    assert not by_address.is_enough(POLAR, 1.0)
    assert by_address.is_enough(POLAR, 2.0)
    assert not by_name.is_enough(POLAR, 2.0)
    assert not any_one.is_enough(POLAR, 2.0)

    async def known() -> bool:
        by_address.works(POLAR, 3.0)
        return by_address.is_enough(POLAR, 1.0)

    assert asyncio.run(known())


def test_the_first_sight_of_many_addresses_is_kept_within_a_limit() -> None:
    async def many() -> float:
        radio._note("first")
        for number in range(5000):
            radio._note(str(number))
        assert radio.first_seen_s("4999") < float("inf")
        return radio.first_seen_s("first")

    assert asyncio.run(many()) == float("inf")
