"""What reporting standards ask of such a trial, filled from protocol and log.

CRED-nf (Ros et al. 2020, Brain 143:1674) was made for neurofeedback and fits feedback from the
heart as well; CONSORT-CENT (Vohra et al. 2015, BMJ 350:h1738) for trials on one person. Titles are
shortened by us. What nobody wrote down says "not recorded", and is the author's to add.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from biofeedback.trials.analysis import TrialResult
from biofeedback.trials.protocol import ARMS, END_POINTS

__all__ = ["NOT_RECORDED", "ChecklistItem", "items"]

NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One item of one standard, with what is known."""

    standard: str
    number: str
    title: str
    text: str


def items(result: TrialResult) -> list[ChecklistItem]:
    """Return all items, each filled or "not recorded"."""
    said = _said(result)
    return [
        ChecklistItem(standard, number, title, said.get(key, NOT_RECORDED))
        for standard, listed in (("CRED-nf", _CRED), ("CONSORT-CENT", _CENT))
        for number, title, key in listed
    ]


def _said(result: TrialResult) -> dict[str, str]:
    protocol, primary = result.protocol, result.primary
    name, unit = END_POINTS[protocol.end_point]
    test = primary.test
    blocks = [block for block, _ in result.blocks]
    orders = "".join(str(protocol.arms.index(arm) + 1) for _, arm in result.blocks)
    adverse = [text for block in blocks for text in block.adverse]
    sensors = sorted({sensor for block in blocks for sensor in block.sensors})
    versions = dict(blocks[0].versions) if blocks else {}
    guesses = "; ".join(
        f"{arm}: index {b.index:.2f} ({b.low:.2f} to {b.high:.2f})"
        for arm, b in result.blinding.items()
        if b.index is not None
    )
    said = {
        "design": (
            f"{protocol.pairs} pairs of one block an arm, {protocol.block_minutes:g} minutes each, "
            f"{protocol.washout_minutes:g} minutes of silence before each, order within pairs drawn"
        ),
        "objective": protocol.question,
        "arms": "; ".join(f"{n} {arm}, {ARMS[arm]}" for n, arm in enumerate(protocol.arms, 1)),
        "outcome": f"{name}, mean of each block after {protocol.settle_s:g} s",
        "measured": f"from {', '.join(sensors)}; counted from quality 0.3 on" if sensors else "",
        "artefacts": "beats are corrected, marked and kept raw; poor blocks: "
        f"{primary.poor} pairs; gaps {sum(b.gap_s for b in blocks):.0f} s in all",
        "artefacts_by_arm": _gaps(result),
        "size": f"{protocol.pairs} pairs were planned; smallest effect that matters "
        f"{protocol.smallest:g} {unit}; see `biofeedback trial power`",
        "interim": f"none was planned; looks before the end: {result.early}",
        "random": "by a generator whose seed stands in the sealed file; every order equally likely",
        "sequence": orders,
        "concealed": f"sealed before the first block, SHA-256 {protocol.allocation_sha256}",
        "implemented": "by the program",
        "blinded": "screens, file names and lists never name the arm of a block; silence and a "
        "swell can be heard for what they are",
        "guesses": guesses,
        "similar": "same program, same style, same seed of the music within a pair",
        "primary": protocol.analysis,
        "analyst": "the program measures, and its analysis was fixed before the arms were opened",
        "carryover": "silence before each block, the first seconds left out; the mixed model "
        "separates the order",
        "periods": f"{len(blocks)} of {protocol.blocks} blocks complete, {result.interrupted} "
        f"other attempts, {result.missing} missing, {result.lost} pairs lost",
        "dates": _dates(result),
        "ended": "as planned" if result.over else "it has not ended",
        "analysed": f"{test.pairs} pairs",
        "each": "the table of blocks, and the sessions themselves",
        "estimate": f"{test.estimate:.2f} {unit} ({test.low:.2f} to {test.high:.2f}), "
        f"p = {test.p:.3g}" if test.pairs else "",
        "others": f"{len(result.secondary)} secondary comparisons, Holm's p-values; mixed model",
        "harms": _counted(adverse) if adverse else "no adverse event was noted",
        "registered": f"frozen {protocol.created_utc}, SHA-256 {result.digest}",
        "processing": "streaming metrics of this program; each log regenerates all of it",
        "feedback": f"arm adaptive: strategy {protocol.adaptive}, style {protocol.style}; the log "
        "holds every decision and its numbers",
        "software": ", ".join(f"{key} {value}" for key, value in versions.items()),
        "ratings": _ratings(result),
        "data": "raw samples, decisions and notes of each block; `biofeedback export` writes BIDS",
        "simulated": "virtual listeners, not people" if result.simulated else "",
    }  # fmt: skip
    return {key: text for key, text in said.items() if text}


def _dates(result: TrialResult) -> str:
    days = [block.attempt.started_utc for block, _ in result.blocks]
    return f"{days[0]} to {days[-1]}" if days else ""


def _gaps(result: TrialResult) -> str:
    return "; ".join(
        f"{arm}: gaps {sum(b.gap_s for b, played in result.blocks if played == arm):.0f} s"
        for arm in result.protocol.arms
    )


def _counted(texts: list[str]) -> str:
    return "; ".join(f"{text} ({times})" for text, times in Counter(texts).items())


def _ratings(result: TrialResult) -> str:
    return "; ".join(
        f"{arm}: " + ", ".join(f"{scale} {value:.1f} of 10" for scale, value in scales.items())
        for arm, scales in result.ratings.items()
        if scales
    )


#: Number, our short title, and which text fills it.
_CRED = (
    ("1a", "Protocol and analysis registered before", "registered"),
    ("1b", "Sample size justified", "size"),
    ("2a", "Control condition", "arms"),
    ("2b", "Double blind where it can be", "blinded"),
    ("2c", "Raters and analysts blinded", "analyst"),
    ("2d", "Whether blinding held", "guesses"),
    ("2e", "Standard of care as a benchmark", ""),
    ("3a", "Psychosocial factors", "ratings"),
    ("3b", "Whether a strategy was given", ""),
    ("3c", "Strategies that people used", ""),
    ("3d", "Online processing, artefact correction", "artefacts"),
    ("3e", "Artefacts by condition", "artefacts_by_arm"),
    ("4a", "How features are extracted", "processing"),
    ("4b", "Reinforcement schedule", "feedback"),
    ("4c", "Modality and content of feedback", "feedback"),
    ("4d", "All variables used for feedback", "data"),
    ("4e", "Hardware and software", "software"),
    ("5a", "Regulation of the signal", "estimate"),
    ("5b", "Course within and between sessions", "each"),
    ("5c", "Compared with the control condition", "estimate"),
    ("6a", "Outcomes that matter, fixed before", "outcome"),
    ("6b", "Regulation against outcomes", ""),
    ("7a", "Data and code available", "data"),
)
_CENT = (
    ("1a", "A trial on one person, in the title", "design"),
    ("2a", "Background, and why one person", ""),
    ("2b", "Objective", "objective"),
    ("3a", "Design, periods, washout", "design"),
    ("3b", "Changes after the start", "registered"),
    ("4a", "Who took part", "simulated"),
    ("4b", "Setting", ""),
    ("4c", "Ethics", ""),
    ("5", "Interventions of each period", "arms"),
    ("6a.1", "Outcomes", "outcome"),
    ("6a.2", "How they are measured", "measured"),
    ("7a", "Sample size", "size"),
    ("7b", "Interim analyses, stopping", "interim"),
    ("8a", "How the order was drawn", "random"),
    ("8b", "Kind of randomisation", "design"),
    ("8c", "Full sequence", "sequence"),
    ("9", "Concealment", "concealed"),
    ("10", "Who assigned", "implemented"),
    ("11a", "Who was blinded", "blinded"),
    ("11b", "Likeness of interventions", "similar"),
    ("12a", "Statistics of the primary outcome", "primary"),
    ("12b", "Additional analyses", "others"),
    ("12c", "Carry-over, period, correlation", "carryover"),
    ("13a", "Periods completed", "periods"),
    ("13b", "Losses and exclusions", "periods"),
    ("14a", "Dates", "dates"),
    ("14b", "Why it ended", "ended"),
    ("15", "Baseline", ""),
    ("16", "Periods analysed", "analysed"),
    ("17a", "Results, estimate, interval", "estimate"),
    ("18", "Other analyses", "others"),
    ("19", "Harms", "harms"),
    ("20", "Limits", ""),
    ("21", "For whom it holds", ""),
    ("22", "Interpretation", ""),
    ("23", "Registration", "registered"),
    ("24", "Protocol", "registered"),
    ("25", "Funding", ""),
)
