import pytest

from biofeedback.control.base import ControlTarget, Wishes
from biofeedback.control.curves import Band
from biofeedback.control.limits import DeadBand, Limits, MusicLimiter, Slew, clamp


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


def tempos(target: ControlTarget, wishes: Wishes, seconds: int, at_bpm: float) -> list[float]:
    """Return the tempo after each second of music that begins at `at_bpm` and moves 1 bpm/s."""
    limits = Limits(tempo_slew_bpm_per_s=1.0, tempo_dead_band_bpm=0.0)
    limiter = MusicLimiter(limits, lambda level: at_bpm)
    return [limiter.step(target, wishes, 1.0).tempo_bpm for _ in range(seconds)]


def test_nobody_is_faster_than_the_most_that_a_strategy_allows() -> None:
    capped = ControlTarget(0.3, None, "a pace to breathe with", tempo_bpm=90.0, most_bpm=63.0)
    assert tempos(capped, Wishes(), 5, 60.0) == [61.0, 62.0, 63.0, 63.0, 63.0]
    asked = Wishes(tempo_bpm=100.0)  # nor by a person's wish
    assert tempos(capped, asked, 5, 60.0) == [61.0, 62.0, 63.0, 63.0, 63.0]


def test_music_that_is_beyond_a_persons_bound_glides_there_and_stays() -> None:
    target = ControlTarget(0.3, None, "as it is", tempo_bpm=80.0)
    bounded = Wishes(tempo_most_bpm=77.0)
    assert tempos(target, bounded, 5, 80.0) == [79.0, 78.0, 77.0, 77.0, 77.0]
    raised = Wishes(tempo_least_bpm=82.0)
    assert tempos(target, raised, 4, 80.0) == [81.0, 82.0, 82.0, 82.0]


def test_music_that_is_faster_than_its_most_slows_down_without_a_jump() -> None:
    target = ControlTarget(0.3, None, "slower", tempo_bpm=80.0, most_bpm=77.5)
    assert tempos(target, Wishes(), 4, 80.0) == [79.0, 78.0, 77.5, 77.5]
