"""A new connection of JACK's is used only once the server has gone on."""

from itertools import chain, count

from synth.outputs.settling import settle


def test_a_server_that_stands_still_is_waited_for_until_it_has_begun_five_periods() -> None:
    still = [0] * 4
    frames = chain(still, count(256, 256))
    settle(lambda: next(frames))
    assert next(frames) == 6 * 256


def test_a_server_that_has_ended_is_not_waited_for_for_ever() -> None:
    looks = count()
    settle(lambda: next(looks) * 0)
    assert next(looks) == 101
