"""Every kind of sensor is made of its URI, and a URI without sense is refused with a hint."""

import pytest

from biofeedback.app.registry import SensorOptions, sensor
from sensors.errors import SettingsError


@pytest.mark.parametrize(
    "uri", ["ble:", "sim:", "lsl:EDA", "osc:9000?eda=/skin", "e4:127.0.0.1:28000?device=9ff167"]
)
def test_a_uri_names_a_sensor(uri: str) -> None:
    assert sensor(uri, SensorOptions()).uri == uri


@pytest.mark.parametrize("uri", ["", "lsl:", "osc:", "e4:", "osc:9000?pulse=/a", "file", "what:x"])
def test_a_uri_without_sense_is_refused_with_a_hint(uri: str) -> None:
    with pytest.raises(SettingsError) as caught:
        sensor(uri, SensorOptions())
    assert caught.value.hint
