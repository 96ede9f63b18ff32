"""The few pieces of HTML that the parts of a report are built of; all text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

__all__ = ["document", "note", "region", "section", "table"]


def document(title: str, body: Iterable[str]) -> str:
    """Return a whole page that needs nothing else: it has its style, and loads nothing."""
    css = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(title)}</title>",
            f"<style>\n{css}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


def section(title: str, parts: Iterable[str]) -> list[str]:
    """Return a section with its heading; nothing when it has no parts."""
    inside = list(parts)
    return ["<section>", f"<h2>{escape(title)}</h2>", *inside, "</section>"] if inside else []


def region(label: str) -> str:
    """Open what holds a table: it scrolls on a phone, so the keyboard must reach it."""
    return f'<div class="table" tabindex="0" role="region" aria-label="{escape(label)}">'


def table(
    label: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Sequence[int] = (),
) -> list[str]:
    """Return a table whose first column names its rows; `numbers` are the columns of numbers."""

    def head(place: int, text: str) -> str:
        kind = ' class="number"' if place in numbers else ""
        return f'<th scope="col"{kind}>{escape(text)}</th>'

    def cell(place: int, text: str) -> str:
        if place == 0:
            return f'<th scope="row">{escape(text)}</th>'
        kind = ' class="number"' if place in numbers else ""
        return f"<td{kind}>{escape(text)}</td>"

    return [
        f"{region(label)}<table>",
        f"<thead><tr>{''.join(head(*pair) for pair in enumerate(columns))}</tr></thead>",
        "<tbody>",
        *(f"<tr>{''.join(cell(*pair) for pair in enumerate(row))}</tr>" for row in rows),
        "</tbody></table></div>",
    ]


def note(text: str) -> str:
    """Return a quiet paragraph."""
    return f'<p class="note">{escape(text)}</p>'
