"""Free mapping: routes from what is measured to what is heard."""

from pathlib import Path

import msgspec
import pytest

from biofeedback.common.errors import ConfigError
from biofeedback.config.loader import load, to_toml
from biofeedback.config.midi_maps import resolve
from biofeedback.control.build import ControlSettings, build
from biofeedback.control.curves import Palette
from biofeedback.control.mapping import MappingSettings, controller
from biofeedback.control.music_controller import MusicController
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State
from synth.params import MusicParams

DT_S = 0.5


def mapped(*routes: dict[str, object]) -> MusicController:
    settings = msgspec.convert({"route": list(routes)}, MappingSettings)
    home = MusicParams(tempo_bpm=64.0, density=1.5)
    return build(ControlSettings(strategy="map", map=settings), Palette(), home)


def play(
    one: MusicController,
    seconds: float,
    quality: float = 1.0,
    events: tuple[str, ...] = (),
    **values: float,
) -> list[tuple[MusicParams, dict[str, float]]]:
    readings = [Reading(n, v, "", 10.0, 0.0, quality, 1.0) for n, v in values.items()]
    found = []
    for k in range(int(seconds / DT_S)):
        state = State(k * DT_S, 0.5, 0.4, 0.6, 0.9, "tracking", {})
        decision = one.step(state, DT_S, readings=readings, events=events)
        found.append((decision.params, decision.numbers))
    return found


def test_a_metric_plays_a_parameter_through_its_range() -> None:
    route = {"from": "heart_rate", "to": "density", "in": [50, 100], "out": [1.0, 5.0]}
    for bpm, density in ((40.0, 1.0), (50.0, 1.0), (75.0, 3.0), (100.0, 5.0), (180.0, 5.0)):
        assert play(mapped(route), 20.0, heart_rate=bpm)[-1][0].density == pytest.approx(density)


def test_a_range_may_run_backwards() -> None:
    route = {"from": "rmssd", "to": "brightness", "in": [20, 80], "out": [1.0, 0.0]}
    assert play(mapped(route), 20.0, rmssd=80.0)[-1][0].brightness == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("curve", "half"), [("linear", 0.5), ("exponential", 0.25), ("logarithmic", 0.707), ("s", 0.5)]
)
def test_curves_bend_the_way_between_the_ends(curve: str, half: float) -> None:
    route = {"from": "scl", "to": "tension", "in": [0, 10], "curve": curve}
    assert play(mapped(route), 20.0, scl=5.0)[-1][0].tension == pytest.approx(half, abs=1e-3)


def test_smoothing_takes_its_time() -> None:
    one = mapped({"from": "scl", "to": "dynamics", "in": [0, 10], "smooth_s": 10})
    play(one, 5.0, scl=0.0)
    after = [params.dynamics for params, _ in play(one, 10.0, scl=10.0)]
    assert after == sorted(after)
    assert after[-1] == pytest.approx(1.0 - 0.3679, abs=0.01)


def test_a_source_that_cannot_be_trusted_leaves_its_target_where_it_was() -> None:
    one = mapped({"from": "scl", "to": "dynamics", "in": [0, 10], "smooth_s": 0})
    before = play(one, 5.0, scl=2.0)[-1][0].dynamics
    assert play(one, 5.0, quality=0.1, scl=9.0)[-1][0].dynamics == before


def test_an_event_sets_off_a_pulse_that_fades_and_goes_out_under_its_address() -> None:
    one = mapped({"from": "beat", "to": "/light/1", "decay_s": 1})
    assert play(one, 0.5, events=("beat",))[0][1]["/light/1"] == 1.0
    fading = [numbers["/light/1"] for _, numbers in play(one, 2.0)]
    assert fading == pytest.approx([0.6065, 0.3679, 0.2231, 0.1353], abs=1e-3)


def test_the_source_that_moved_the_music_most_in_ten_seconds_is_named() -> None:
    one = mapped(
        {"from": "scr", "to": "tension", "decay_s": 2},
        {"from": "scl", "to": "dynamics", "in": [0, 10], "smooth_s": 4},
    )
    play(one, 20.0, scl=1.0)
    named = []
    for k in range(60):
        state = State(20.0 + k * DT_S, 0.5, 0.4, 0.6, 0.9, "tracking", {})
        readings = [Reading("scl", 1.0 + 0.1 * k, "", 10.0, 0.0, 1.0, 1.0)]
        events = ("scr",) if k == 0 else ()
        named.append(one.step(state, DT_S, readings=readings, events=events).cause)
    assert set(named[:3]) == {"scr"}
    assert set(named[30:]) == {"scl"}  # the pulse was fifteen seconds ago


def test_the_tempo_that_a_heart_plays_still_glides() -> None:
    one = mapped({"from": "heart_rate", "to": "tempo_bpm", "in": [40, 160], "out": [40, 160],
                  "smooth_s": 0})  # fmt: skip
    play(one, 60.0, heart_rate=60.0)
    assert play(one, 5.0, heart_rate=140.0)[-1][0].tempo_bpm <= 66.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('to = "temp"', ("route[0]", "'temp'", "tempo_bpm")),
        ('to = "cc 130"', ("'cc 130'",)),
        ('to = "/ö"', ("OSC address",)),
        ('to = "density"\nout = [0.0, 99.0]', ("density", "0.25 to 6")),
        ('to = "density"\nin = [3, 3]', ("in:",)),
        ('to = "density"\ncurve = "round"', ("curve",)),
        ('to = "density"\nform = 1', ("form",)),
    ],
)
def test_a_route_that_cannot_be_is_one_line(
    tmp_path: Path, line: str, said: tuple[str, ...]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'[[control.map.route]]\nfrom = "scl"\n{line}\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(str(file))
    text = str(caught.value)
    assert "\n" not in text
    for part in ("mine.toml", *said):
        assert part in text


def test_a_source_that_nobody_measures_is_one_line_that_lists_those_there_are(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[control.map.route]]\nfrom = "mood"\nto = "level"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="mood") as caught:
        load(str(file))
    assert "heart_rate" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[control]\nstrategy = "map"\n', "mine.toml: control.strategy: 'map'"),
        ('[[phase]]\nname = "play"\nstrategy = "map"\n', "mine.toml: phase 'play': strategy"),
    ],
)
def test_a_mapping_without_a_route_is_one_line_unless_another_file_has_some(
    tmp_path: Path, text: str, said: str
) -> None:
    mine, routes = tmp_path / "mine.toml", tmp_path / "routes.toml"
    mine.write_text(text, encoding="utf-8")
    routes.write_text('[[control.map.route]]\nfrom = "scl"\nto = "level"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="no route") as caught:
        load(str(mine))
    assert said in str(caught.value)
    assert load(str(mine), file=routes).control.map.route


def test_a_config_with_routes_is_read_back_as_it_was(tmp_path: Path) -> None:
    config = load("improvise")
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config), encoding="utf-8")
    assert load(file=file) == config


def test_a_controller_is_sent_by_every_midi_output(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[control]\nstrategy = "map"\n'
        '[[control.map.route]]\nfrom = "scl"\nto = "cc 74 channel 3"\n',
        encoding="utf-8",
    )
    route = resolve("", load(str(file))).signals["cc 74 channel 3"]
    assert route.control is not None
    assert route.control.messages(route.channel, 1.0) == ((0xB2, 74, 127),)
    assert controller("cc 74") == (74, 0)
