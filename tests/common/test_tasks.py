"""Whoever runs beside a session is told of when it fails, and is started again."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from biofeedback.common.clock import run_live, run_virtual
from biofeedback.common.event_bus import EventBus
from biofeedback.common.tasks import Tasks, aside, beside, closed, together
from biofeedback.runtime.telemetry import Troubles


def test_a_work_that_fails_is_told_and_goes_on_with_longer_and_longer_pauses() -> None:
    began: list[float] = []
    told: list[list[str]] = []

    async def scenario() -> Tasks:
        tasks, now_s = Tasks(), asyncio.get_running_loop().time

        async def work() -> None:
            began.append(now_s())
            if len(began) < 6:
                raise ValueError("no such knob")
            await asyncio.Event().wait()

        tasks.keep("The knobs", work)
        await asyncio.sleep(0.1)
        told.append(tasks.troubles)
        await asyncio.sleep(30.0)
        told.append(tasks.troubles)
        await tasks.close()
        return tasks

    tasks = run_virtual(scenario)
    pauses = [after - before for before, after in pairwise(began)]
    assert pauses == pytest.approx([0.2, 1.0, 2.0, 5.0, 10.0])
    assert told == [["The knobs failed (ValueError: no such knob)"], []]
    assert isinstance(tasks.failures["The knobs"], ValueError)


def test_a_work_that_was_well_for_long_begins_again_at_once() -> None:
    began: list[float] = []

    async def scenario() -> None:
        tasks, now_s = Tasks(), asyncio.get_running_loop().time

        async def work() -> None:
            began.append(now_s())
            await asyncio.sleep(60.0)
            raise ValueError

        tasks.keep("The knobs", work)
        await asyncio.sleep(200.0)
        await tasks.close()

    run_virtual(scenario)
    assert began == pytest.approx([0.0, 60.2, 120.4, 180.6])


def test_a_work_that_ends_itself_by_a_cancellation_has_failed_and_is_begun_again() -> None:
    began: list[float] = []

    async def scenario() -> list[str]:
        tasks = Tasks()

        async def work() -> None:
            began.append(asyncio.get_running_loop().time())
            gone = asyncio.get_running_loop().create_future()
            gone.cancel()
            await gone

        tasks.keep("The knobs", work)
        await asyncio.sleep(0.5)
        told = tasks.troubles
        await tasks.close()
        return told

    assert run_virtual(scenario) == ["The knobs failed (RuntimeError: it ended by itself)"]
    assert began == pytest.approx([0.0, 0.2])


def test_a_part_that_ends_itself_by_a_cancellation_ends_all_parts_as_a_failure() -> None:
    async def gone() -> None:
        raise asyncio.CancelledError

    async def scenario() -> None:
        with pytest.raises(RuntimeError, match="ended by itself"):
            await together(gone(), asyncio.sleep(60.0))

    run_virtual(scenario)


def test_the_trouble_of_a_work_that_was_done_at_the_second_attempt_is_over_soon() -> None:
    async def scenario() -> list[list[str]]:
        tasks, failures = Tasks(), [ValueError("no such knob")]

        async def work() -> None:
            await asyncio.sleep(0.1)
            if failures:
                raise failures.pop()

        tasks.keep("The knobs", work)
        told = []
        for pause_s in (0.5, 2.5, 2.0):
            await asyncio.sleep(pause_s)
            told.append(tasks.troubles)
        await tasks.close()
        return told

    words = ["The knobs failed (ValueError: no such knob)"]
    assert run_virtual(scenario) == [words, words, []]


def test_closing_raises_nothing_but_says_what_went_wrong_and_waits_for_nobody_for_ever() -> None:
    async def breaks() -> None:
        raise RuntimeError("stuck")

    async def hangs() -> None:
        await asyncio.Event().wait()

    async def well() -> None: ...

    async def scenario() -> list[str]:
        return [await closed("The port", close, 3.0) for close in (well, breaks, hangs)]

    assert run_virtual(scenario) == [
        "",
        "The port did not close (RuntimeError: stuck)",
        "The port did not close within 3 s",
    ]


def test_an_interrupt_while_something_closes_waits_until_it_is_closed() -> None:
    done: list[float] = []

    async def slow() -> None:
        await asyncio.sleep(2.0)
        done.append(asyncio.get_running_loop().time())

    async def scenario() -> None:
        async with beside(closed("The port", slow)) as closing:
            await asyncio.sleep(1.0)
            closing.cancel()
            await asyncio.wait({closing})
            assert closing.cancelled()

    run_virtual(scenario)
    assert done == [2.0]


def test_a_call_that_hangs_in_its_thread_holds_up_neither_the_loop_nor_its_end() -> None:
    import threading

    never = threading.Event()

    async def scenario() -> tuple[int, bool]:
        with pytest.raises(ZeroDivisionError):
            await aside(divmod, 1, 0)
        try:
            async with asyncio.timeout(0.05):
                await aside(never.wait)
        except TimeoutError:
            return await aside(max, 1, 2), True
        return 0, False

    assert run_live(scenario) == (2, True)


def test_who_takes_nothing_in_for_a_second_is_named() -> None:
    async def scenario() -> list[list[str]]:
        bus: EventBus[int] = EventBus()
        bus.subscribe(8)  # nobody's name
        with bus.subscribed(8, "The page") as events:
            bus.publish(1)
            found = [bus.troubles]
            for k in range(4):
                await asyncio.sleep(0.5)
                bus.publish(k)
            found.append(bus.troubles)
            events.drain()
            found.append(bus.troubles)
            bus.publish(2)
            await asyncio.sleep(2.0)
        return [*found, bus.troubles]

    assert run_virtual(scenario) == [[], ["The page takes nothing in any more"], [], []]


def test_a_trouble_is_shown_long_enough_to_be_read_and_noted_once() -> None:
    troubles, noted = Troubles(), []
    for step in range(100):
        now_s = 0.1 * step
        wrong = ["no port"] if step == 20 or 60 <= step < 65 else []
        noted += [(round(now_s, 1), text) for text in troubles.look(wrong, now_s)]
        assert (troubles.shown == ["no port"]) == (2.0 <= now_s < 4.95 or 6.0 <= now_s < 9.35)
    assert [text for _, text in noted] == ["Trouble: no port", "Over: no port"] * 2
    assert [time_s for time_s, _ in noted] == pytest.approx([2.0, 5.0, 6.0, 9.4])
