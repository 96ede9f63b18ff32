import asyncio

import pytest

from biofeedback.common.clock import SessionClock, VirtualLoop, run_virtual, utc_now


def test_a_virtual_hour_passes_at_once_and_ends_on_the_second() -> None:
    async def main() -> float:
        for k in range(1, 7201):
            await asyncio.sleep(k / 2 - asyncio.get_running_loop().time())
        return asyncio.get_running_loop().time()

    assert run_virtual(main) == 3600.0


def test_timers_of_several_tasks_interleave_in_order_of_time() -> None:
    async def main() -> list[tuple[float, str]]:
        seen: list[tuple[float, str]] = []

        async def every(period_s: float, name: str) -> None:
            for _ in range(3):
                await asyncio.sleep(period_s)
                seen.append((asyncio.get_running_loop().time(), name))

        async with asyncio.TaskGroup() as group:
            group.create_task(every(2.0, "slow"))
            group.create_task(every(1.5, "fast"))
        return seen

    assert run_virtual(main) == [
        (1.5, "fast"), (2.0, "slow"), (3.0, "fast"), (4.0, "slow"), (4.5, "fast"), (6.0, "slow"),
    ]  # fmt: skip


def test_executor_work_runs_in_place_and_takes_no_virtual_time() -> None:
    async def main() -> tuple[int, float]:
        result = await asyncio.to_thread(sum, [1, 2, 3])
        return result, asyncio.get_running_loop().time()

    assert run_virtual(main) == (6, 0.0)


def test_a_deadlock_in_virtual_time_is_named_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("biofeedback.common.clock._STALL_S", 0.01)

    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="stands still"):
        run_virtual(main)


def test_the_session_clock_starts_at_zero_and_knows_its_utc_anchor() -> None:
    async def main() -> None:
        await asyncio.sleep(7)
        clock = SessionClock(asyncio.get_running_loop(), utc_now())
        assert clock() == 0.0
        await asyncio.sleep(2.5)
        assert clock() == 2.5
        assert (clock.utc_at(2.5) - clock.started_utc).total_seconds() == 2.5

    loop = VirtualLoop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
