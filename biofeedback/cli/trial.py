"""Commands for trials on one person: new, next, list, show, analyse, power."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console, streams
from biofeedback.cli.options import Json, MidiMap, Outputs, Volume
from biofeedback.cli.play import Sensors, Wait

if TYPE_CHECKING:
    from datetime import date

    from biofeedback.trials.folder import Trial

__all__ = ["register"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="The trial's name, or its folder.")]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of trials; else your data folder.")
]
INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    from biofeedback.cli import trial_power, trial_result

    group = typer.Typer(
        help="Find out on yourself whether it does anything. Randomised, sealed, honest.",
        no_args_is_help=True,
    )
    for command in (new, show):
        group.command()(command)
    group.command("next")(next_block)
    group.command("list")(list_trials)
    trial_result.register(group)
    trial_power.register(group)
    app.add_typer(group, name="trial")


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that says nothing of arms.")],
    arms: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="adaptive, yoked, fixed6, silence: the first is compared with the second.",
        ),
    ] = "adaptive,yoked",
    pairs: Annotated[int, typer.Option(metavar="N", help="Each has one block of every arm.")] = 14,
    block_minutes: Annotated[float, typer.Option(metavar="M", help="Length of a block.")] = 5.0,
    washout_minutes: Annotated[
        float, typer.Option(metavar="M", help="Silence before each block.")
    ] = 3.0,
    settle: Annotated[
        float, typer.Option(metavar="S", help="Of each block, that does not count.")
    ] = 60.0,
    end_point: Annotated[
        str, typer.Option(metavar="NAME", help="breathing_rate, heart_rate, rmssd or arousal.")
    ] = "breathing_rate",
    smallest: Annotated[
        float, typer.Option(metavar="X", help="The smallest effect that would matter to you.")
    ] = 1.0,
    alpha: Annotated[float, typer.Option(metavar="P", help="Risk of a false 'effect'.")] = 0.05,
    days: Annotated[int, typer.Option(metavar="D", min=1, help="Days until it stops.")] = 28,
    adaptive: Annotated[
        str, typer.Option(metavar="NAME", help="What adapts: breathe or lead.")
    ] = "breathe",
    style: Annotated[str, typer.Option(metavar="NAME", help="Style of all music.")] = "ambient",
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="A pseudonym, as for sessions.")
    ] = None,
    yoke_to: Annotated[
        list[str] | None,
        typer.Option(metavar="SESSION", help="Whose music the yoked arm plays. May repeat."),
    ] = None,
    question: Annotated[str, typer.Option(metavar="TEXT", help="What you want to know.")] = "",
    out: Out = None,
) -> None:
    """Write a protocol, draw the order by chance, and freeze both."""
    from biofeedback.trials.design import TrialDesign, freeze
    from biofeedback.trials.folder import trials_folder

    design = TrialDesign(
        name=name,
        question=question,
        person=profile,
        arms=[arm.strip() for arm in arms.split(",")],
        pairs=pairs,
        block_minutes=block_minutes,
        washout_minutes=washout_minutes,
        settle_s=settle,
        end_point=end_point,
        smallest=smallest,
        alpha=alpha,
        adaptive=adaptive,
        style=style,
    )
    with console.err.status("Freezing the trial"):
        trial = freeze(out or trials_folder(), design, days, [Path(s) for s in yoke_to or ()])
    protocol = trial.protocol
    _say(f"Frozen in {trial.folder}")
    _say(f"  protocol   SHA-256 {trial.digest}")
    _say(f"  allocation SHA-256 {protocol.allocation_sha256}, sealed")
    _say("Keep both digests where you can't change them: a message to a friend will do.")
    each = protocol.block_minutes + protocol.washout_minutes
    _say(
        f"{protocol.blocks} blocks of {each:g} minutes, {len(protocol.arms)} to a pair, until "
        f"{protocol.stop_date}. Start with: biofeedback trial next {name}"
    )


def next_block(
    name: Name,
    sensor: Sensors = None,
    output: Outputs = None,
    wait: Wait = 30.0,
    volume: Volume = 0.7,
    midi_map: MidiMap = "",
    realtime: Annotated[
        bool, typer.Option("--realtime/--fast", help="For simulated sensors: wait, or hurry.")
    ] = True,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Of a simulated body; each block is another day.")
    ] = 1,
    relaxation: Annotated[
        float | None,
        typer.Option(metavar="0..10", min=0.0, max=10.0, help="The rating, instead of asking."),
    ] = None,
    guess: Annotated[
        str | None, typer.Option(metavar="ARM", help="The guess, or skip, instead of asking.")
    ] = None,
    out: Out = None,
) -> None:
    """Play the next block, then ask how it was. And which arm you think it was."""
    from biofeedback.app import runner
    from biofeedback.app.plan import SessionPlan
    from biofeedback.app.registry import SensorOptions
    from biofeedback.cli import consent, guide
    from biofeedback.cli.blind import BlockWatch, PreparedAnswers
    from biofeedback.common.errors import TrialError
    from biofeedback.common.interrupts import Interrupts
    from biofeedback.trials.arms import config_of, music_seed
    from biofeedback.trials.blinding import SKIP
    from biofeedback.trials.protocol import ARMS

    trial = _trial(name, out)
    protocol, allocation, attempts = trial.protocol, trial.allocation(), trial.attempts()
    item = None if trial.is_over(attempts, _today()) else trial.next_item(attempts)
    if item is None:
        raise TrialError(
            f"the trial {protocol.name!r} is over",
            hint=f"See what it found: biofeedback trial analyse {name}",
        )
    if guess is not None and guess not in (*protocol.arms, SKIP):
        raise TrialError(
            f"--guess {guess}: this trial has no such arm",
            hint=f"One of {', '.join(protocol.arms)}, or {SKIP}.",
        )
    chosen = guide.setup(sensor, output if output or realtime else ["null:"])
    consent.ask_once(chosen.sensors, protocol.person)
    plan = SessionPlan(
        config=config_of(protocol, allocation, item.block),
        sensors=chosen.sensors,
        outputs=chosen.outputs,
        out=trial.sessions,
        seed=music_seed(protocol, allocation, item.block),
        profile=protocol.person,
        realtime=realtime,
        volume=volume,
        midi_map=midi_map,
        trial=item,
        options=SensorOptions(seed=1000 * seed + item.block, wait_s=wait),
    )
    again = f", attempt {item.attempt}" if item.attempt > 1 else ""
    title = f"Block {item.block} of {protocol.blocks}{again}"
    _say(f"{title}: {protocol.washout_minutes:g} quiet minutes, then {protocol.block_minutes:g}.")
    performance = runner.SessionRunner(plan)
    answers = PreparedAnswers(relaxation, guess)
    watch = BlockWatch(title, protocol.arms, answers, asks=performance.live)
    listed = "; ".join(f"{arm}, {ARMS[arm]}" for arm in protocol.arms)
    _say(f"It is one of these: {listed}.")
    with Interrupts().held() as interrupts, streams.unheard():
        outcome = performance.run(watch, watch.keyboard.opened, interrupts)
        if outcome is None:
            console.err.print("Nothing was measured, so nothing was kept.", highlight=False)
            return
        _after(trial, item.block, name)
    if interrupts.count:
        raise typer.Exit(INTERRUPTED)


def _after(trial: Trial, block: int, name: str) -> None:
    attempts = trial.attempts()
    done = {attempt.block for attempt in attempts if attempt.complete}
    item = trial.next_item(attempts)
    if block not in done:
        tries = trial.protocol.most_attempts
        left = tries - sum(attempt.block == block for attempt in attempts)
        then = "It is repeated next time." if left > 0 else "It stays missing."
        _say(f"Block {block} did not run to its end, so it does not count. {then}")
    _say(f"{len(done)} of {trial.protocol.blocks} blocks are recorded.")
    if item is None:
        _say(f"The trial is complete. Open it: biofeedback trial analyse {name}")


def list_trials(out: Out = None, as_json: Json = False) -> None:
    """List trials and how far they are."""
    from biofeedback.common.errors import TrialError
    from biofeedback.trials.folder import find, trials, trials_folder

    root = out or trials_folder()
    rows = []
    for name in trials(root):
        try:
            rows.append(_facts(find(root, name)))
        except TrialError as error:
            rows.append({"name": name, "problem": str(error)})
    if as_json:
        console.as_json(rows)
        return
    if not rows:
        _say(f"No trials in {root} yet.")
    for row in rows:
        _say(f"{row['name']:20} {row.get('problem') or _progress(row)}")


def show(name: Name, out: Out = None, as_json: Json = False) -> None:
    """Show a trial's protocol and how far it is. Nothing of the arms of its blocks."""
    from biofeedback.trials.protocol import dump

    trial = _trial(name, out)
    facts = _facts(trial)
    if as_json:
        import msgspec

        console.as_json(facts | {"protocol": msgspec.to_builtins(trial.protocol)})
        return
    _say(dump(trial.protocol).decode().rstrip())
    _say(f"\nSHA-256 {trial.digest}, as frozen")
    _say(_progress(facts))


def _facts(trial: Trial) -> dict[str, object]:
    attempts = trial.attempts()
    item = trial.next_item(attempts)
    done = {attempt.block for attempt in attempts if attempt.complete}
    return {
        "name": trial.protocol.name,
        "folder": str(trial.folder),
        "sha256": trial.digest,
        "blocks": trial.protocol.blocks,
        "recorded": len(done),
        "interrupted": len(attempts) - len(done),
        "next": item.block if item else None,
        "stop_date": trial.protocol.stop_date,
        "over": trial.is_over(attempts, _today()),
        "looks": len(trial.looks()),
    }


def _progress(facts: dict[str, object]) -> str:
    state = "over" if facts["over"] else f"next is block {facts['next']}"
    return (
        f"{facts['recorded']} of {facts['blocks']} blocks recorded, {facts['interrupted']} "
        f"interrupted; {state}; stops {facts['stop_date']}"
    )


def _trial(name: str, out: Path | None) -> Trial:
    from biofeedback.trials.folder import find, trials_folder

    return find(out or trials_folder(), name)


def _today() -> date:
    from biofeedback.common.clock import utc_now

    return utc_now().date()


def _say(text: str) -> None:
    console.out.print(text, markup=False, highlight=False)
