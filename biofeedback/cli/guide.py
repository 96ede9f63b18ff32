"""x."""

from dataclasses import dataclass


@dataclass
class Chosen:
    """X."""

    sensors: tuple[str, ...]
    outputs: tuple[str, ...]


def first_minute() -> None:
    """X."""


def setup(a, b):
    """X."""
    return Chosen(tuple(a or ()), tuple(b or ()))
