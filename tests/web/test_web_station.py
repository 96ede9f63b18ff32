"""A station whose listener has a profile: what worked chooses, and what they want bounds it."""

import asyncio
import json
from pathlib import Path

import pytest

from biofeedback.app.recommend import preferences
from biofeedback.common.errors import ConfigError
from biofeedback.record import lines
from biofeedback.record.reader import read, read_header
from biofeedback.web.session_choice import SessionChoice
from biofeedback.web.station import Station
from biofeedback.web.stations import Stations


async def until_it_plays(station: Station) -> None:
    async with asyncio.timeout(60):
        while not station.picture().picture.streaming:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.02)


async def listened(stations: Stations) -> dict[str, object]:
    station = stations.home
    await station.start(SessionChoice(sensor="sim:", output="null:", programme="", volume=0.9))
    await until_it_plays(station)
    station.command("desk", "volume", "0.8")
    await asyncio.sleep(0.1)
    picture = station.picture().picture
    station.silence("me")
    await stations.close()
    return {"chosen": picture.chosen}


@pytest.mark.slow
def test_a_listener_with_a_profile_gets_what_suits_them_no_louder_than_they_want(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    preferences("robin", {"liked": ["piano"], "strategies": ["breathe"], "loudest": 0.3})
    said = asyncio.run(listened(Stations(tmp_path / "out", "robin")))
    (folder,) = (tmp_path / "out").iterdir()
    log = [line for _, line in read(folder)]
    header = next(line for line in log if isinstance(line, lines.HeaderLine))
    chosen = json.loads(bytes(header.chosen))
    assert chosen["option"]["style"] == "piano"
    assert chosen["option"]["strategy"] == "breathe"
    assert said["chosen"] == chosen["why"] != ""
    volumes = [line.value for line in log if isinstance(line, lines.CommandLine)]
    assert volumes[0] == "0.300"


def test_without_a_profile_there_is_nothing_to_choose_by(tmp_path: Path) -> None:
    station = Stations(tmp_path / "out").home
    with pytest.raises(ConfigError, match="no such programme"):
        asyncio.run(station.start(SessionChoice(sensor="sim:", output="null:", programme="")))
    assert station.stage == "idle"


@pytest.mark.slow
def test_the_page_never_plays_two_sessions_of_one_seed(tmp_path: Path) -> None:
    for _ in range(2):
        asyncio.run(heard(Stations(tmp_path / "out")))
    one, other = (read_header(folder) for folder in (tmp_path / "out").iterdir())
    assert one.seed != other.seed


async def heard(stations: Stations) -> None:
    await stations.home.start(SessionChoice(sensor="sim:listener", output="null:"))
    await until_it_plays(stations.home)
    stations.home.silence("me")
    await stations.close()
