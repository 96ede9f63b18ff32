"""A new connection of JACK's is used only once the server has gone on."""

from itertools import chain, count

import pytest

from synth.outputs.frame_clock import settle


def test_a_server_that_stands_still_is_waited_for_until_it_has_begun_five_periods() -> None:
    still = [256] * 14
    frames = chain(still, count(512, 256))
    settle(lambda: next(frames))
    assert next(frames) == 7 * 256


@pytest.mark.slow
def test_a_server_that_has_ended_is_not_waited_for_for_ever() -> None:
    looks = count()
    settle(lambda: 256 + 0 * next(looks))
    assert next(looks) == 101


def test_a_server_that_tells_no_frames_is_given_a_fifth_of_a_second() -> None:
    looks = count()
    settle(lambda: 0 * next(looks))
    assert next(looks) == 11
