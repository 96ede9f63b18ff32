"""What was read wrongly without a word is read right, or said."""

from pathlib import Path

import numpy as np
import pytest
from rigs.recording_files import write_edf

from sensors.errors import RecordingError
from sensors.files import read
from sensors.files.moments import moments_of


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        (["3/29/2025 7:05", "3/29/2025 7:06"], 60.0),
        (["29.03.2025 07:05", "29.03.2025 07:06"], 60.0),
        (["07:05 PM", "07:06 PM"], 60.0),
        (["07:05", "07:06"], 60.0),
        (["07:05.5", "07:06.5"], 1.0),
        (["23:59", "24:00"], 1.0),
    ],
)
def test_two_parts_of_a_clock_are_hours_unless_they_cannot_be(
    cells: list[str], seconds: float
) -> None:
    assert np.diff(moments_of(cells)[0]).tolist() == pytest.approx([seconds])


def test_a_date_before_all_time_zones_is_no_start(tmp_path: Path) -> None:
    cells = ["0001-01-01T00:00:00+10:00", "0001-01-01T00:00:01+10:00"]
    seconds, first = moments_of(cells)
    assert seconds.tolist() == [0.0, 1.0]
    assert first is None


def test_an_edf_with_more_records_than_its_header_says_is_told(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "long.edf")
    data = bytearray(path.read_bytes())
    data[236:244] = b"5       "
    path.write_bytes(data)
    assert any("says 5" in warning for warning in read(path).warnings)


def test_a_number_that_is_none_names_no_column(tmp_path: Path) -> None:
    path = tmp_path / "eda.csv"
    path.write_text("time_s,eda_us\n" + "".join(f"{i / 4},5\n" for i in range(40)))
    with pytest.raises(RecordingError, match="has no column"):
        read(path, columns={"eda": "²"})


def test_a_heart_rate_of_zero_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "hr.csv"
    path.write_text("time_s,hr_bpm\n" + "".join(f"{i},{0 if i == 5 else 70}\n" for i in range(20)))
    (hr,) = read(path).series
    assert np.nanmin(hr.values) == 70.0
