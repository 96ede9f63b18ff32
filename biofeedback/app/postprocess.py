"""What is written when the last note has ended: MIDI, sound and the report, all from the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from biofeedback.common.errors import FolderError
from biofeedback.config.midi_maps import of_files
from biofeedback.record.archive import seal
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.reader import read_header
from biofeedback.record.rebuild import config_of
from biofeedback.record.score import score_of
from biofeedback.record.targets import new_file
from biofeedback.storage import encryption
from synth.outputs.midi_map import MidiMap
from synth.outputs.uri import OutputSpec

__all__ = ["MidiExport", "WriteStep", "steps", "write_midi", "write_sound"]

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class WriteStep:
    """One file to write: `do` takes a progress callback and returns the path."""

    name: str
    title: str
    do: Callable[[Progress], Path]


def steps(session: Path, files: Sequence[OutputSpec]) -> Iterator[WriteStep]:
    """Yield what is to be written for a session's folder: session.mid, the report, `files`.

    With a key, the session's folder is encrypted last. A wav output without a path goes to
    session.wav in the folder. Each step raises `FolderError` or `SynthError` when its file cannot
    be written; the others can still be done.
    """
    midi = session / "session.mid"
    yield WriteStep("midi", "Writing the MIDI file", partial(_midi, session, midi))
    yield WriteStep("report", "Writing the report", partial(_report, session))
    for spec in files:
        target = Path(spec.target) if spec.target else session / "session.wav"
        if spec.kind == "mid":
            yield WriteStep("midi", "Writing the MIDI file", partial(_midi, session, target))
        else:
            yield WriteStep("sound", "Rendering the sound", partial(write_sound, session, target))
    if encryption.is_on():
        yield WriteStep("closed", "Encrypting the session", partial(_seal, session))


def write_midi(session: Path, target: Path) -> Path:
    """Write a session's music as a MIDI file."""
    from synth.breath import swell_of
    from synth.outputs import midi_file

    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        midi_map = _midi_map(session)
        score = score_of(session, lambda params: (midi_map.colours(params), swell_of(params)))
        midi_file.write(target, score, channels=midi_map)
    return target


class MidiExport:
    """A session's music as a MIDI file for other programs."""

    ENDING = ".mid"

    @staticmethod
    def export(
        session: Path, out: Path, *, force: bool, progress: Progress, label: ExportLabel = OWN
    ) -> list[Path]:
        """Write the file `out`, which names nobody; return its path in a list."""
        with new_file(out, force=force) as path:
            write_midi(session, path)
        return [out]


def _midi_map(session: Path) -> MidiMap:
    """Return the channels and programs that a session had."""
    header = read_header(session)
    return of_files(header.outputs, config_of(header))


def write_sound(
    session: Path, target: Path, progress: Progress, soundfont: Path | None = None
) -> Path:
    """Render a session's music as a WAV file, in a process of its own."""
    from synth.outputs import wav
    from synth.outputs.engines import stand_in

    soundfont = soundfont or stand_in()
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        midi_map = _midi_map(session) if soundfont else None
        wav.render(
            target, score_of(session), soundfont=soundfont, midi_map=midi_map, progress=progress
        )
    return target


def _midi(session: Path, target: Path, progress: Progress) -> Path:
    return write_midi(session, target)


def _seal(session: Path, progress: Progress) -> Path:
    seal(session)
    return session


def _report(session: Path, progress: Progress) -> Path:
    from biofeedback.report import page

    return page.write(session, progress)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderError(
            f"{target} cannot be written: {error.strerror}",
            hint="Choose a file in a folder that you may write to, on a disk with room.",
        ) from error
