"""Which device is meant: exactly the one that was asked for, and after it has worked no other."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from random import Random

import pytest

from sensors.ble import radio
from sensors.ble.claims import claims
from sensors.ble.identity import Identity, Wanted, address_of
from sensors.ble.radio import DeviceKind, Seen
from sensors.errors import SensorNotFound


def seen(name: str, address: str, kind: DeviceKind = "heart rate strap") -> Seen:
    return Seen(name, address, -60, kind, None)  # type: ignore[arg-type]


def address(rng: Random, mac: bool = True) -> str:
    if mac:
        return ":".join(f"{rng.randrange(256):02X}" for _ in range(6))
    digits = f"{rng.getrandbits(128):032X}"
    return "-".join(digits[a:b] for a, b in itertools.pairwise((0, 8, 12, 16, 20, 32)))


POLAR = seen("Polar H10 1", "AA:00:00:00:00:01")
OTHER = seen("Polar H10 12", "AA:00:00:00:00:02")
BAND = seen("Band", "AA:00:00:00:00:03", "other")


def choose(wanted: str, there: Sequence[Seen], **more: str) -> Seen | None:
    async def chosen() -> Seen | None:
        return Identity(Wanted(text=wanted, **more)).choose(there)

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
    wanted: str, there: list[Seen], expected: Seen | None
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
        identity = Identity(Wanted(text="HW706"))
        mine, theirs = seen("HW706", "AA:00:00:00:00:01"), seen("HW706", "AA:00:00:00:00:02")
        assert identity.choose([mine]) == mine
        with pytest.raises(SensorNotFound):
            identity.choose([theirs])  # mine did not work yet, and is away

    asyncio.run(looks())


class Radio:
    """When each address was first seen, told by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.first_s: dict[str, float] = {}
        monkeypatch.setattr(
            "sensors.ble.identity.first_seen_s", lambda a: self.first_s.get(a, float("inf"))
        )


def after_a_loss(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[Identity, Radio], Awaitable[None]]
) -> None:
    """Let a strap of a serial number work at 10 s, then hand it over."""
    there = Radio(monkeypatch)

    async def run() -> None:
        identity = Identity(Wanted(text=MINE.address))
        there.first_s[MINE.address] = 1.0
        assert identity.choose([MINE]) == MINE
        identity.works(MINE, 10.0)
        identity.serial = "SN-0042"
        identity.released(MINE, surely=True)
        await work(identity, there)

    asyncio.run(run())


MINE = seen("HW706", "C0:00:00:00:00:01")
NAMESAKE = seen("HW706", "C0:00:00:00:00:02")


def test_after_a_loss_a_namesake_that_was_there_before_is_never_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(identity: Identity, there: Radio) -> None:
        there.first_s[NAMESAKE.address] = 9.0
        assert identity.choose([NAMESAKE]) is None
        assert not identity.is_enough(NAMESAKE, 20.0)
        assert MINE.address in identity.obstacle
        assert f"ble:{NAMESAKE.address}" in identity.obstacle
        assert identity.choose([NAMESAKE, MINE]) == MINE

    after_a_loss(monkeypatch, work)


@pytest.mark.parametrize("serial", ["", "0000", "42"])
def test_without_a_serial_number_that_tells_a_new_address_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, serial: str
) -> None:
    async def work(identity: Identity, there: Radio) -> None:
        identity.serial = serial
        there.first_s[NAMESAKE.address] = 12.0
        assert identity.choose([NAMESAKE]) is None
        assert "left alone" in identity.obstacle

    after_a_loss(monkeypatch, work)


def test_a_new_address_is_known_by_its_serial_number_and_another_one_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(identity: Identity, there: Radio) -> None:
        there.first_s[NAMESAKE.address] = 12.0
        assert identity.choose([NAMESAKE]) == NAMESAKE
        assert identity.must_tell(NAMESAKE)
        assert not identity.is_told(NAMESAKE, "SN-0043")
        identity.released(NAMESAKE, surely=True)
        assert identity.choose([NAMESAKE]) is None
        renamed = replace(MINE, address="C0:00:00:00:00:99")
        there.first_s[renamed.address] = 14.0
        assert identity.choose([NAMESAKE, renamed]) == renamed
        assert identity.is_told(renamed, "sn-0042\0")
        identity.works(renamed, 20.0)
        assert identity.choose([MINE, NAMESAKE, renamed]) == renamed

    after_a_loss(monkeypatch, work)


def test_one_whose_serial_number_cannot_be_read_is_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(identity: Identity, there: Radio) -> None:
        there.first_s[NAMESAKE.address] = 12.0
        for _ in range(2):
            assert identity.choose([NAMESAKE]) == NAMESAKE
            identity.told_nothing(NAMESAKE)
            identity.released(NAMESAKE, surely=True)
        assert identity.choose([NAMESAKE]) is None

    after_a_loss(monkeypatch, work)


@pytest.mark.parametrize("wanted", ["", "HW706", NAMESAKE.address])
def test_what_another_sensor_holds_is_left_alone_even_while_it_is_away(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    async def work(identity: Identity, there: Radio) -> None:
        other = Identity(Wanted(text=NAMESAKE.address))
        assert other.choose([NAMESAKE]) == NAMESAKE
        other.works(NAMESAKE, 11.0)
        there.first_s[NAMESAKE.address] = 12.0
        assert identity.choose([NAMESAKE]) is None
        third = Identity(Wanted(text=wanted))
        if wanted == NAMESAKE.address:
            assert third.choose([NAMESAKE]) is None
            assert "another sensor" in str(third.not_found(30.0))
        else:
            with pytest.raises(SensorNotFound):
                third.choose([NAMESAKE])
        other.close()
        identity.close()
        assert claims().of_others(third) == {}
        assert Identity(Wanted(text=NAMESAKE.address)).choose([NAMESAKE]) == NAMESAKE

    after_a_loss(monkeypatch, work)


def test_what_another_program_listens_to_is_left_alone_and_our_own_left_over_link_is_not() -> None:
    async def looks() -> None:
        identity = Identity(Wanted(text=MINE.address))
        linked = replace(MINE, rssi_dbm=None)
        listened_to = replace(linked, in_use=True)
        assert identity.choose([linked]) == linked
        assert identity.choose([listened_to]) is None
        assert "in use by another program" in str(identity.not_found(30.0))
        identity.works(linked, 10.0)
        assert identity.choose([listened_to]) is None
        identity.released(linked, surely=False)  # the goodbye failed
        assert identity.choose([listened_to]) == listened_to

    asyncio.run(looks())


def test_a_search_ends_early_for_an_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first_s = {POLAR.address: 1.0}
    monkeypatch.setattr("sensors.ble.identity.first_seen_s", first_s.__getitem__)
    by_address, by_name, any_one = (
        Identity(Wanted(text=text)) for text in (POLAR.address, POLAR.name, "")
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
