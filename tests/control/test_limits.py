import pytest

from biofeedback.control.curves import Band
from biofeedback.control.limits import DeadBand, Slew, clamp


def test_clamp_keeps_inside_and_returns_the_nearest_edge_outside() -> None:
    assert [clamp(x, 1.0, 2.0) for x in (0.5, 1.5, 9.0)] == [1.0, 1.5, 2.0]


def test_slew_moves_at_most_its_speed_and_then_stays() -> None:
    slew = Slew(60.0, per_s=2.0)
    assert [slew.toward(65.0, 1.0) for _ in range(4)] == [62.0, 64.0, 65.0, 65.0]


def test_dead_band_repeats_until_the_input_moved_far_enough() -> None:
    band = DeadBand(60.0, width=1.0)
    assert [band.pass_on(x) for x in (60.9, 61.0, 60.2, 59.9)] == [60.0, 61.0, 61.0, 59.9]


def test_band_leaves_only_past_its_margin_so_noise_at_an_edge_changes_nothing() -> None:
    band = Band((0.3, 0.6), margin=0.05, value=0.1)
    assert [band.sort(x) for x in (0.31, 0.34, 0.36, 0.29, 0.24)] == [0, 0, 1, 1, 0]


@pytest.mark.parametrize(("value", "index"), [(-1.0, 0), (0.5, 1), (0.99, 2)])
def test_band_starts_where_the_value_is_and_can_cross_several_edges(
    value: float, index: int
) -> None:
    assert Band((0.3, 0.6), 0.05, value).index == index
    assert Band((0.3, 0.6), 0.05, 0.45).sort(value) == index
