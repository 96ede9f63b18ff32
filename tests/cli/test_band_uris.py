"""The part of a `ble:` URI behind its question mark: which band it is, and mistakes in it."""

from pathlib import Path

import pytest

from biofeedback.app.registry import SensorOptions, sensor
from sensors.errors import SettingsError


@pytest.mark.parametrize(
    "uri",
    [
        "ble:",
        "ble: ",
        "ble:Polar H10",
        "ble:My band?profile=packed",
        "ble:?profile=edamove4",
        "ble:?profile=shimmer3r",
        "ble:BITalino?eda=3&ecg=2&rate_hz=1000",
    ],
)
def test_a_band_is_named_without_looking_for_it(uri: str) -> None:
    assert sensor(uri, SensorOptions()).uri == uri


@pytest.mark.parametrize(
    ("uri", "text", "hint"),
    [
        ("ble:x?profile=nonesuch", "no profile named 'nonesuch'", "uart-text"),
        ("ble:x?profile=/nowhere/band.toml", "/nowhere/band.toml cannot be read", "path"),
        ("ble:x?eda=three", "eda=three is not a whole number", "eda=3"),
        ("ble:x?profil=packed", "unknown option 'profil'", "profile"),
        ("ble:\u200b", "in which nothing can be seen", "leave it out"),
        ("ble:\x1c", "in which nothing can be seen", "leave it out"),
        ("ble:?serial=%E2%80%8B", "in which nothing can be seen", "leave it out"),
    ],
)
def test_a_mistake_is_told_before_anything_is_looked_for(uri: str, text: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        sensor(uri, SensorOptions())
    assert text in str(caught.value)
    assert hint in caught.value.hint


def test_a_profile_of_ones_own_is_read_from_its_path(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "configs" / "devices" / "packed.toml"
    own = tmp_path / "own.toml"
    text = shipped.read_text().replace("rate_hz = 4.0", "rate_hz = 0")
    own.write_text(text)
    line = 1 + text.split("\n").index("rate_hz = 0")
    told = rf"own\.toml:{line}: data\.rate_hz: 0 is not within"
    with pytest.raises(SettingsError, match=told):
        sensor(f"ble:x?profile={own}", SensorOptions())
