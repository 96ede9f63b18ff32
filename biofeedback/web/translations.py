"""The words of the pages, from one catalogue for all languages."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

__all__ = ["LANGUAGES", "catalogue", "filled", "language"]

LANGUAGES = ("en", "de")


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return the words of a language by key, such as "start" or "signal.weak"."""
    tables = tomllib.loads(
        Path(__file__).with_name("translations.toml").read_text(encoding="utf-8")
    )
    return {key: words[language] for key, words in tables.items()}


def language(accepted: str) -> str:
    """Return the language that a browser likes best by its Accept-Language; else English."""
    wishes = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            liking = float(weight or 1.0)
        except ValueError:
            liking = 0.0
        wishes.append((-liking, place, tag.split("-")[0].lower()))
    liked = [tag for liking, _, tag in sorted(wishes) if tag in LANGUAGES and liking < 0]
    return liked[0] if liked else "en"


def filled(page: str, words: dict[str, str]) -> str:
    """Return a page with each `{{key}}` replaced by its words; raise KeyError for an unknown."""
    parts = page.split("{{")
    out = [parts[0]]
    for part in parts[1:]:
        key, _, rest = part.partition("}}")
        out += [words[key], rest]
    return "".join(out)
