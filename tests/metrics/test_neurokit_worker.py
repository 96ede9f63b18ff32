"""Claims about the process that computes windows."""

import asyncio
import os
import signal

import numpy as np
import pytest

from biofeedback.metrics.windowed import Window, compute
from biofeedback.runtime.worker_client import InlineWorker, WorkerClient
from synth import wire

pytestmark = pytest.mark.rig


def window(end_s: float) -> Window:
    times = np.arange(1, 201) * 0.8
    eda = 3.0 + 0.1 * np.sin(np.arange(400) / 5.0)
    return Window(
        start_s=0.0,
        end_s=end_s,
        rr_times_s=tuple(times.tolist()),
        rr_ms=tuple((800.0 + 40.0 * np.sin(times)).tolist()),
        rr_clean=(True,) * 200,
        eda_us=tuple(eda.tolist()),
        eda_rate_hz=4.0,
        eda_end_s=100.0,
    )


def test_a_child_answers_the_same_as_inline_and_is_replaced_when_it_dies() -> None:
    async def session() -> None:
        client = WorkerClient()
        await client.start()
        try:
            assert await client.compute(window(200.0)) == compute(window(200.0))
            assert client.pid is not None
            os.kill(client.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            assert await client.compute(window(215.0)) == compute(window(215.0))
            answers = await asyncio.gather(
                *(client.compute(window(end_s)) for end_s in (230.0, 245.0, 260.0))
            )
            assert [answer and answer.end_s for answer in answers] == [230.0, None, 260.0]
            abandoned = asyncio.create_task(client.compute(window(275.0)))
            await asyncio.sleep(0)
            abandoned.cancel()
            answer = await client.compute(window(290.0))
            assert answer is not None
            assert answer.end_s == 290.0
        finally:
            await client.close()
        assert client.pid is None
        await client.close()

    asyncio.run(session())


def test_sessions_that_begin_together_start_one_child_and_an_end_meanwhile_leaves_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spawn, children = wire.spawn, []

    async def spawned(*command, **options):
        started = await spawn(*command, **options)
        children.append(started[0])
        return started

    monkeypatch.setattr(wire, "spawn", spawned)

    async def sessions() -> None:
        client = WorkerClient()
        await asyncio.gather(client.start(), client.start())
        assert len(children) == 1
        await client.close()
        starting = asyncio.create_task(client.start())
        await asyncio.sleep(0)
        await client.close()
        await starting
        assert client.pid is None
        assert all(child.returncode is not None for child in children)

    asyncio.run(sessions())


def test_a_hanging_child_is_given_up_after_the_timeout() -> None:
    async def session() -> None:
        client = WorkerClient(timeout_s=0.05)
        try:
            assert await client.compute(window(200.0)) is None
        finally:
            await client.close()

    asyncio.run(session())


@pytest.mark.parametrize("value", [0.0, 1e300])
def test_the_inline_worker_survives_any_signal(value: float) -> None:
    odd = Window(0.0, 300.0, eda_us=(value,) * 400, eda_rate_hz=4.0)

    async def session() -> None:
        worker = InlineWorker()
        await worker.start()
        result = await worker.compute(odd)
        assert result is None or result.lf_hf is None
        await worker.close()

    asyncio.run(session())
