"""What tests of network streams share: several at once, and the chunks of one signal."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from sensors.base import Sample
from sensors.signals import Chunk, Signal

Run = dict[str, list[Sample]]


def heard_at_once(
    hear: Callable[..., Awaitable[list[Sample]]], cases: Mapping[str, tuple[object, ...]]
) -> Run:
    """Return what each case brought; they run beside each other, by the real clock."""

    async def main() -> Run:
        found = await asyncio.gather(*(hear(*case) for case in cases.values()))
        return dict(zip(cases, found, strict=True))

    return asyncio.run(main())


def chunks(samples: list[Sample], signal: Signal) -> list[Chunk]:
    return [s for s in samples if isinstance(s, Chunk) and s.signal is signal]
