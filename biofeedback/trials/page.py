"""A trial's result on one page: the verdict first, then what it rests on."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

from biofeedback.report.html import document, note, section, table
from biofeedback.storage import files
from biofeedback.trials.analysis import ArmComparison, TrialResult
from biofeedback.trials.checklist import items
from biofeedback.trials.figure import draw
from biofeedback.trials.permutation import fewest_pairs
from biofeedback.trials.protocol import ARMS, END_POINTS

__all__ = ["NAME", "in_words", "render", "rows", "write"]

NAME = "result.html"
_SIMULATED = "Simulated: shows what the trial can see, not a benefit to a person"


def write(folder: Path, result: TrialResult) -> Path:
    """Write the page into a trial's folder, whole or not at all; return its path."""
    path = folder / NAME
    files.save(path, render(result).encode())
    return path


def in_words(result: TrialResult) -> list[str]:
    """Return the verdict and what it means, a sentence each."""
    protocol, test = result.protocol, result.primary.test
    name, unit = END_POINTS[protocol.end_point]
    first, second = protocol.arms[:2]
    said = [f"{result.verdict}"]
    if result.simulated:
        said.append(f"{_SIMULATED}.")
    if test.pairs:
        way = "lower" if test.estimate < 0 else "higher"
        bounds = (
            f" (95 % interval of the difference {test.low:.2f} to {test.high:.2f})"
            if protocol.alpha == 0.05 and math.isfinite(test.low)
            else f" (interval {test.low:.2f} to {test.high:.2f})"
            if math.isfinite(test.low)
            else ""
        )
        said.append(
            f"With {first} the {name} was {abs(test.estimate):.2f} {unit} {way} than with {second}"
            f"{bounds}, p = {test.p:.3g}, {test.pairs} pairs."
        )
    said.append(_meaning(result))
    if result.lost:
        said.append(f"{result.lost} pairs were lost to missing or poor blocks.")
    if result.early:
        said.append(f"The arms were looked at before the end, {result.early} times.")
    return said


def _meaning(result: TrialResult) -> str:
    protocol, pairs = result.protocol, result.primary.test.pairs
    unit = END_POINTS[protocol.end_point][1]
    match result.verdict:
        case "effect":
            small = abs(result.primary.test.estimate) < protocol.smallest
            matters = f" It is smaller than what was to matter, {protocol.smallest:g} {unit}."
            return (
                "For this person, in these blocks. A trial in which nothing differs says this in "
                f"{100 * protocol.alpha:g} of 100.{matters if small else ''}"
            )
        case "no effect shown":
            return f"An effect of {protocol.smallest:g} {unit}, or more, is left out."
        case _ if not result.over:
            blocks = result.needed * len(protocol.arms)
            return f"It is not over: {result.needed} more pairs, {blocks} sessions, are planned."
        case _ if result.lost > protocol.most_lost * protocol.pairs:
            return f"Too many pairs are lost. Another trial would need {result.needed} pairs."
        case _ if pairs < fewest_pairs(protocol.alpha):
            return f"There are too few pairs. Another trial would need {result.needed}."
        case _:
            return (
                f"The interval holds both 0 and effects that matter. A new trial of "
                f"{result.needed} pairs, {result.needed * len(protocol.arms)} sessions, would find "
                f"{protocol.smallest:g} {unit} four times out of five."
            )


def rows(result: TrialResult) -> list[list[str]]:
    """Return the table of comparisons, headings first."""
    head = ["", "versus", "pairs", "difference", "interval", "p", "model"]
    return [head, *(_row(c, result) for c in (result.primary, *result.secondary))]


def _row(comparison: ArmComparison, result: TrialResult) -> list[str]:
    test, posterior = comparison.test, comparison.posterior
    name, unit = END_POINTS[comparison.end_point]
    known = test.pairs > 0
    p = f"{test.p:.3g}"
    if comparison.adjusted is not None:
        p = f"{comparison.adjusted:.3g} (Holm)"
    return [
        f"{name}, {unit}" + (" *" if comparison is result.primary else ""),
        comparison.versus,
        str(test.pairs),
        f"{test.estimate:.2f}" if known else "",
        f"{test.low:.2f} to {test.high:.2f}" if math.isfinite(test.low) else "too few",
        p if known else "",
        f"{posterior.mean:.2f} ({posterior.low:.2f} to {posterior.high:.2f})" if posterior else "",
    ]


def render(result: TrialResult) -> str:
    """Return the whole page."""
    protocol = result.protocol
    title = f"Trial {protocol.name}"
    return document(
        title,
        [
            "<main>",
            *_header(result, title),
            *_summary(result),
            *section("Each pair", _pairs(result)),
            *section("All end points", _table(result)),
            *section("Could the arms be told apart?", _guesses(result)),
            *section("Blocks", _blocks(result)),
            *section("Reporting items", _checklist(result)),
            "</main>",
            "<footer><p>For relaxation and stress awareness. Not a medical device. One person's "
            "trial says nothing about other people.</p></footer>",
        ],
    )


def _header(result: TrialResult, title: str) -> list[str]:
    badge = f'<p class="badge">{_SIMULATED}</p>' if result.simulated else ""
    early = (
        f'<p class="badge">The arms were looked at before the end ({result.early})</p>'
        if result.early
        else ""
    )
    protocol = result.protocol
    asked = protocol.question or f"{ARMS[protocol.arms[0]]}, against {ARMS[protocol.arms[1]]}"
    return [
        "<header>",
        f"<h1>{escape(title)}: {escape(result.verdict)}</h1>",
        f'<p class="when">{escape(asked)}</p>',
        badge,
        early,
        "</header>",
    ]


def _summary(result: TrialResult) -> list[str]:
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in in_words(result)[1:])
    return ['<section class="summary">', "<h2>In short</h2>", said, "</section>"]


def _pairs(result: TrialResult) -> list[str]:
    primary, (name, unit) = result.primary, END_POINTS[result.protocol.end_point]
    if not primary.differences:
        return [note("No pair is complete yet.")]
    first, second = result.protocol.arms[:2]
    label = f"Difference of {name} in each pair, {first} less {second}, and the mean"
    return [
        f'<figure><div class="plot" role="img" aria-label="{escape(label, quote=True)}">',
        draw(primary.differences, primary.test, result.protocol.smallest, f"{name}, {unit}"),
        "</div>",
        f"<figcaption>{escape(label)}, with its interval. Shaded: differences too small to matter, "
        "as the protocol has it.</figcaption></figure>",
    ]


def _table(result: TrialResult) -> list[str]:
    head, *body = rows(result)
    primary = result.primary.posterior
    parts = table("All end points", head, body, (2, 3, 4, 5, 6))
    parts.append(
        note(
            "* decides; all else is secondary. Interval and p from the permutation test; model: "
            "mean and 95 % of a Bayesian mixed model over all blocks."
        )
    )
    if primary is not None:
        parts.append(
            note(
                f"Model of the primary end point: lower with probability {primary.below_zero:.2f}, "
                f"beyond what matters with {primary.relevant:.2f}; from the first block of a pair "
                f"to the last {primary.order:+.2f}; spread between pairs {primary.between:.2f}, "
                f"within {primary.within:.2f}."
            )
        )
    return parts


def _guesses(result: TrialResult) -> list[str]:
    body = [
        [
            arm, str(b.right), str(b.wrong), str(b.skipped),
            "" if b.index is None else f"{b.index:.2f} ({b.low:.2f} to {b.high:.2f})",
        ]
        for arm, b in result.blinding.items()
    ]  # fmt: skip
    head = ("Arm", "right", "wrong", "not sure", "Bang's index")
    return [
        *table("Guesses", head, body, (1, 2, 3, 4)),
        note("0: no better than chance. From about 0.2 on, expectation may explain a difference."),
    ]


def _blocks(result: TrialResult) -> list[str]:
    end_point = result.protocol.end_point
    body = []
    for block, arm in result.blocks:
        value = block.values.get(end_point)
        said = [block.problem] if block.problem else []
        said += ["moved by hand"] if block.by_hand else []
        said += list(block.adverse)
        body.append(
            [
                str(block.attempt.block), arm, block.attempt.folder.name,
                "" if value is None else f"{value.mean:.2f}",
                "" if value is None else f"{100 * value.coverage:.0f} %",
                block.guess, "; ".join(said),
            ]
        )  # fmt: skip
    head = ("Block", "arm", "session", END_POINTS[end_point][0], "known", "guess", "")
    return [
        *table("Blocks", head, body, (3, 4)),
        note(
            f"{result.interrupted} other attempts, {result.missing} blocks missing. Protocol "
            f"SHA-256 {result.digest}."
        ),
    ]


def _checklist(result: TrialResult) -> list[str]:
    body = [[f"{i.standard} {i.number}", i.title, i.text] for i in items(result)]
    return table("Reporting items", ("Item", "asks for", "here"), body)
