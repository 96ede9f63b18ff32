"""One page about a person's sessions for a therapist: plain words, made to be printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from html import escape

from biofeedback.personal.claims import FEWEST
from biofeedback.personal.insights import NAMES, Insight, named, told
from biofeedback.personal.profiles import Profile
from biofeedback.personal.session_summary import SessionSummary
from biofeedback.report.html import table

__all__ = ["render"]

_CSS = """
@page { size: A4; margin: 14mm }
body { font: 10.5pt/1.4 system-ui, sans-serif; color: #24313a; max-width: 180mm; margin: 8mm auto }
h1 { font-size: 17pt; margin: 0 0 1mm } h2 { font-size: 12pt; margin: 5mm 0 1mm }
p, ul { margin: 1mm 0 } ul { padding-left: 5mm } .when, .note { color: #5a6670 }
.badge { border: 1px solid #8a5a00; padding: 1mm 2mm; color: #6b4500 }
table { border-collapse: collapse; width: 100%; font-size: 9.5pt }
th, td { text-align: left; padding: .8mm 2mm .8mm 0; border-bottom: 1px solid #d5dbe0 }
svg { width: 100%; height: auto; display: block }
@media print { body { margin: 0 } }
"""
_CANNOT = (
    "That the music caused any of it: arousal also falls with time, with sitting still, with "
    "expectation and by chance. Only sessions in which chance chose the music can tell "
    "(“biofeedback trial”).",
    "How the person felt. Arousal here is an estimate from heart and skin on a scale from 0 to 1, "
    "where 0.30 is this person's rest; it is no measure of mood or of health.",
    "Anything about other people, or about days on which nobody recorded.",
)


def render(
    profile: Profile,
    history: list[SessionSummary],
    left_out: list[str],
    compared: list[Insight],
    now: datetime,
) -> str:
    """Return the whole page; it needs nothing else, neither scripts nor a network."""
    simulated = any(past.simulated for past in history)
    said = [insight for insight in compared if insight.claimed]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(profile.name)}: summary of sessions</title><style>{_CSS}</style>",
            "</head><body><main>",
            f"<h1>{escape(profile.name)}: summary of sessions</h1>",
            f'<p class="when">{escape(_span(history))} · written {now:%Y-%m-%d}</p>',
            '<p class="badge">Simulated: shows that the learner works, not a benefit</p>'
            if simulated
            else "",
            "<h2>What was done</h2>",
            *(f"<p>{escape(text)}</p>" for text in _done(profile, history)),
            "<h2>Within the sessions</h2>",
            *(f"<p>{escape(text)}</p>" for text in _within(history)),
            _picture(history),
            "<h2>What worked for this person</h2>",
            *_worked(history, said),
            *_table(compared),
            "<h2>What cannot be concluded</h2>",
            f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in _CANNOT)}</ul>",
            _left_out(left_out),
            '<p class="note">For relaxation and stress awareness; not a treatment, no diagnosis. '
            "The numbers stay on the computer on which they were recorded.</p>",
            "</main></body></html>",
            "",
        ]
    )


def _span(history: list[SessionSummary]) -> str:
    if not history:
        return "No session that counts"
    first, last = history[0].started_utc[:10], history[-1].started_utc[:10]
    count = "1 session" if len(history) == 1 else f"{len(history)} sessions"
    return f"{count}, {first}" if first == last else f"{count}, {first} to {last}"


def _done(profile: Profile, history: list[SessionSummary]) -> list[str]:
    if not history:
        return ["No session was long enough, with a signal good enough, to be counted."]
    styles = Counter(past.option.style for past in history)
    ways = Counter(past.option.strategy for past in history)
    chosen = sum(past.chosen for past in history)
    heard = ", ".join(f"{named('style', style)} ({count})" for style, count in styles.most_common())
    how = ", ".join(f"{named('strategy', way)} ({count})" for way, count in ways.most_common())
    wanted = profile.preferences
    texts = [
        f"Styles of music, with the number of sessions: {heard}. Ways: {how}. In {chosen} of "
        f"{len(history)} sessions the program chose the kind of music"
        + (", in the rest a person did." if chosen < len(history) else ".")
    ]
    wishes = []
    if wanted.liked:
        wishes.append(f"only {_styles(wanted.liked)}")
    if wanted.avoided:
        wishes.append(f"never {_styles(wanted.avoided)}")
    if wanted.without:
        wishes.append(f"without {', '.join(wanted.without)}")
    if wishes:
        texts.append(f"The person's wishes: {'; '.join(wishes)}.")
    return texts


def _styles(names: Iterable[str]) -> str:
    return ", ".join(named("style", name) for name in names)


def _within(history: list[SessionSummary]) -> list[str]:
    if not history:
        return []
    falls = [past.fall for past in history]
    down = sum(fall > 0 for fall in falls)
    mean = sum(falls) / len(falls)
    direction = "lower" if mean >= 0 else "higher"
    texts = [
        f"Estimated arousal was lower in the last two minutes than in the first in {down} of "
        f"{len(falls)} sessions; on average it was {abs(mean):.2f} {direction} "
        f"(single sessions: {-max(falls):+.2f} to {-min(falls):+.2f})."
    ]
    breaths = [past.breath_fall for past in history if past.breath_fall is not None]
    if breaths:
        texts.append(
            f"Breathing, estimated from the heart, changed by {-sum(breaths) / len(breaths):+.1f} "
            f"breaths a minute on average, in {len(breaths)} sessions where it could be measured."
        )
    rated = [past.rated for past in history if past.rated is not None]
    if rated:
        better = sum(value > 0 for value in rated)
        texts.append(f"Where the person rated it ({len(rated)}), {better} were rated as better.")
    return texts


def _worked(history: list[SessionSummary], said: list[Insight]) -> list[str]:
    if said:
        texts = [told(insight).replace("with you", "here") for insight in said]
        items = "".join(f"<li>{escape(text[0].upper() + text[1:])}</li>" for text in texts)
        return [
            f"<ul>{items}</ul>",
            '<p class="note">Listed only where a difference explains the sessions so much better '
            "than none that few people without any difference, 5 in 100 by design, would be "
            "told of one. In brackets the 95 % interval.</p>",
        ]
    if len(history) < FEWEST:
        return [f"<p>Too early to tell: {len(history)} sessions, at least {FEWEST} are needed.</p>"]
    return ["<p>No kind of session stands out from noise so far.</p>"]


def _table(compared: list[Insight]) -> list[str]:
    if not compared:
        return []
    rows = [
        (
            NAMES[insight.claim.factor],
            " against ".join(
                named(insight.claim.factor, one) for one in (insight.claim.level, insight.other)
            ),
            f"{insight.claim.sessions} / {insight.arousal.others}",
            f"{insight.arousal.more:+.2f} ({insight.arousal.low:+.2f} to "
            f"{insight.arousal.high:+.2f})",
            "more than noise" if insight.claimed else "can't tell",
        )
        for insight in compared[:6]
    ]
    head = ("Compared", "Which", "Sessions", "Arousal falls more by", "It is")
    return table("Comparisons", head, rows)


def _left_out(left_out: list[str]) -> str:
    if not left_out:
        return ""
    reasons = Counter(reason.partition(": ")[2] for reason in left_out)
    text = "; ".join(f"{count} ({reason})" for reason, count in reasons.most_common())
    return f'<p class="note">Sessions that do not count: {escape(text)}.</p>'


def _picture(history: list[SessionSummary]) -> str:
    """Return the start and the end of each session's arousal as an arrow, in order of time."""
    if not history:
        return ""
    wide, tall, left = 640, 150, 34
    shown = history[-40:]
    step = (wide - left - 10) / len(shown)

    def y(arousal: float) -> float:
        return 8 + (1.0 - min(1.0, max(0.0, arousal))) * (tall - 26)

    parts = [
        f'<line x1="{left}" x2="{wide}" y1="{y(level):.1f}" y2="{y(level):.1f}" '
        f'stroke="{"#9db6a5" if level == 0.3 else "#e3e8ec"}"/>'
        f'<text x="0" y="{y(level) + 3:.1f}" font-size="10" fill="#5a6670">{label}</text>'
        for level, label in ((1.0, "1"), (0.3, "rest"), (0.0, "0"))
    ]
    for place, past in enumerate(shown):
        x, end = left + step * (place + 0.5), past.start - past.fall
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y(past.start):.1f}" y2="{y(end):.1f}" '
            f'stroke="#0b5a94" stroke-width="2"/><circle cx="{x:.1f}" cy="{y(past.start):.1f}" '
            f'r="3" fill="#fff" stroke="#0b5a94"/><circle cx="{x:.1f}" cy="{y(end):.1f}" r="3.4" '
            'fill="#0b5a94"/>'
        )
    parts.append(
        f'<text x="{left}" y="{tall - 3}" font-size="10" fill="#5a6670">each session: open circle '
        "its first minute, full circle its last two; estimated arousal</text>"
    )
    label = "Arousal at the start and the end of each session"
    return (
        f'<svg viewBox="0 0 {wide} {tall}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )
