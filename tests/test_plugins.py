"""What packages and users add is found by name, used, told in the log, and never in the way."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rigs.packages import install

from biofeedback.app.inventory import REGISTRIES
from biofeedback.cli.app import run
from biofeedback.common import plugins
from biofeedback.config.loader import loaded_programmes
from biofeedback.config.styles import STYLES
from biofeedback.metrics.added import METRICS
from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.offline.recordings import read_recording
from biofeedback.record.reader import read_header

ROOT = Path(__file__).parents[1]
PIANO = (ROOT / "configs" / "styles" / "piano.toml").read_text(encoding="utf-8")
CODE = """
from biofeedback.control.base import ControlTarget
from biofeedback.metrics.base import Reading
from sensors.signals import Signal
from synth.styles.piano import PianoStyle as Grove


class Steady:
    follows_body = finished = False

    def __init__(self, level: float = 0.4) -> None:
        if not 0 <= level <= 1:
            raise ValueError(f"level is {level:g}, not within 0 to 1")
        self.level = level

    def aim(self, moment):
        if self.level == 0.13:
            raise RuntimeError("thirteen")
        return ControlTarget(self.level, None, f"Steady at {self.level:g}.", cause="steady")


class BeatCount:
    signal = Signal.RR

    def __init__(self) -> None:
        self.beats = 0

    def feed(self, item) -> None:
        self.beats += 1

    def read(self, now_s, contact):
        return Reading("beat_count", float(self.beats), "", 1.0, now_s, contact, 1.0)
"""
SEAMS = """
from pathlib import Path

import numpy as np

from biofeedback.simulation.crowd import FamilyA
from sensors.files.recording import assemble
from sensors.signals import Chunk, Signal


class Diary:
    lookahead_s = 0.0

    def __init__(self, target: str) -> None:
        if not target:
            raise ValueError("it needs a file")
        self.file = open(target, "a", encoding="utf-8")

    def open(self, t0_s): self.file.write("open\\n")
    def send(self, event, due_s): self.file.write(f"{type(event).__name__}\\n")
    def set_params(self, params): pass
    def set_volume(self, gain): pass
    def set_signals(self, values): self.file.write(f"signals {' '.join(values)}\\n")
    def panic(self): self.file.write("panic\\n")
    def check(self): pass
    def close(self): self.file.close()
    def health(self): return {}


class Belt:
    @staticmethod
    def recognises(path, data):
        return data.startswith(b"# belt")

    @staticmethod
    def read(path, data):
        rr = Chunk.events(Signal.RR, "belt", np.arange(1.0, 90.0), np.ones(89))
        return assemble(path, "belt", [rr])


class Summary:
    ENDING = ".sum"

    @staticmethod
    def export(session, out, *, force, progress):
        out.write_text("summary", encoding="utf-8")
        return [out]


class Calm(FamilyA):
    pass
"""
ENTRIES = {
    "biofeedback.strategies": {"steady": "grove:Steady", "broken": "grove.missing:Part"},
    "biofeedback.metrics": {"beat_count": "grove:BeatCount"},
    "biofeedback.styles": {"grove": "grove:Grove"},
    "biofeedback.outputs": {"diary": "grove.seams:Diary"},
    "biofeedback.readers": {"belt": "grove.seams:Belt", "bad": "grove.nowhere"},
    "biofeedback.exporters": {"sum": "grove.seams:Summary"},
    "biofeedback.listeners": {"calm": "grove.seams:Calm"},
}


def grove(folder: Path, version: str = "1.0", code: str = CODE) -> None:
    files = {"grove/__init__.py": code, "grove/seams.py": SEAMS, "grove/grove.toml": PIANO}
    install(folder, "bf-grove", ENTRIES, files, version)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which packages are installed; what is kept of a person is elsewhere."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    forget()
    yield folder
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "grove"]:
        del sys.modules[name]
    plugins.installed.cache_clear()
    plugins.say_once.cache_clear()


def session(out: Path, *options: str) -> Path:
    assert run(["run", "-s", "sim:", "-o", "null:", "--fast", "--duration", "30", "--seed", "3",
                "--out", str(out), *options]) == 0  # fmt: skip
    (folder,) = out.iterdir()
    return folder


def test_one_registry_a_kind_holds_what_is_built_in() -> None:
    for registry in REGISTRIES:
        assert len(registry.all()) >= len(registry.built_in) > 0
        for name in registry.built_in:
            assert registry.load(name)
    readings = MetricBank(MetricSettings()).read(0.0)
    assert set(METRICS.built_in) == {reading.name for reading in readings}


ALL = ("--set", "control.strategy=steady", "--set", "control.plugins.steady.level=0.6",
       "--set", "metrics.plugins.beat_count={}", "--style", "grove")  # fmt: skip


@pytest.mark.slow
def test_added_parts_make_a_session_that_says_so_and_verifies(site: Path, tmp_path: Path) -> None:
    grove(site)
    folder = session(tmp_path / "out", *ALL)
    header = read_header(folder)
    assert [(item.kind, item.name, item.package, item.version) for item in header.plugins] == [
        ("metric", "beat_count", "bf-grove", "1.0"),
        ("strategy", "steady", "bf-grove", "1.0"),
        ("style", "grove", "bf-grove", "1.0"),
    ]
    log = (folder / "session.jsonl").read_text(encoding="utf-8")
    assert "Steady at 0.6." in log
    assert '["beat_count",' in log
    assert run(["verify", str(folder)]) == 0


@pytest.mark.rig
def test_an_added_output_is_played_in_the_player_s_process(site: Path, tmp_path: Path) -> None:
    grove(site)
    program = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "from biofeedback.cli.app import run\n"
        f"sys.exit(run(['run', '-s', 'sim:', '-o', 'diary:{tmp_path / 'diary'}', '--duration', '8',"
        f" '--out', {str(tmp_path / 'out')!r}]))"
    )
    env = {**os.environ, "PYTHONPATH": str(site)}
    subprocess.run([sys.executable, "-c", program], env=env, check=True, stdin=subprocess.DEVNULL)
    told = (tmp_path / "diary").read_text(encoding="utf-8").split("\n")
    assert told[0] == "open"
    assert told.count("NoteOn") > 3
    assert any(line.startswith("signals ") and "arousal" in line for line in told)
    assert told[-2] == "panic"


@pytest.mark.slow
def test_an_output_that_cannot_be_made_is_refused_in_a_line(
    site: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grove(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    wanted = ["run", "-s", "sim:", "--duration", "5", "--out", str(tmp_path), "-o"]
    assert run([*wanted, "diary:"]) == 2
    assert "ValueError: it needs a file" in capfd.readouterr().err
    assert run([*wanted, "dairy:x"]) == 2
    assert "Did you mean 'diary'?" in capfd.readouterr().err


def test_an_added_format_is_read_and_a_reader_that_fails_is_told_once(
    site: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    grove(site)
    (tmp_path / "some.txt").write_text("# belt\n1\n", encoding="utf-8")
    (tmp_path / "plain.txt").write_text("\n".join(["800"] * 90), encoding="utf-8")
    for name, form in (("some", "belt"), ("plain", "RR text")):
        recording = read_recording(tmp_path / f"{name}.txt")
        assert recording.format == form
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("the reader 'bad' of bf-grove 1.0 cannot be loaded")


@pytest.mark.slow
def test_an_added_export_is_written(site: Path, tmp_path: Path) -> None:
    grove(site)
    folder = session(tmp_path / "out")
    (tmp_path / "files").mkdir()
    assert run(["export", "--to", "sum", str(folder), str(tmp_path / "files")]) == 0
    assert (tmp_path / "files" / f"{folder.name}.sum").read_text(encoding="utf-8") == "summary"


@pytest.mark.slow
def test_added_listeners_hear_an_added_strategy_in_the_lab(
    site: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    grove(site)
    lab = ["lab", "--listeners", "1", "--minutes", "3", "--type", "responder", "--json"]
    assert (
        run([*lab, "--family", "calm", "--strategy", "steady", "--set", "music.style=grove"]) == 0
    )
    (row,) = json.loads(capfd.readouterr().out)["rows"]
    assert row["name"] == "responder calm"
    assert run([*lab, "--family", "clam"]) == 2
    assert "Did you mean 'calm'?" in capfd.readouterr().err


@pytest.mark.slow
def test_verify_says_in_a_line_which_part_is_missing_or_another(
    site: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    grove(site)
    folder = session(tmp_path / "out", *ALL)
    forget()
    grove(site, "1.1", CODE.replace("Steady at", "Steady still at"))
    capfd.readouterr()
    assert run(["verify", str(folder)]) == 3
    told = capfd.readouterr()
    assert "bf-grove 1.0, here 1.1" in told.err
    assert "Different" in told.out
    shutil.rmtree(site)
    forget()
    assert run(["verify", str(folder)]) == 3
    told = capfd.readouterr().out
    assert told.count("\n") == 1
    assert "the strategy 'steady' of bf-grove 1.0" in told
    assert run(["verify", "--json", str(folder)]) == 3
    assert (
        "the style 'grove' of bf-grove 1.0 are not installed"
        in (json.loads(capfd.readouterr().out)["foreign"])
    )


def test_a_session_without_added_parts_says_nothing_of_those_installed(
    site: Path, tmp_path: Path
) -> None:
    grove(site)
    folder = session(tmp_path / "out")
    assert b"plugins" not in (folder / "session.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("control.strategy=broken", "the strategy 'broken' of bf-grove 1.0 cannot be loaded"),
        ("control.strategy=stedy", "Did you mean 'steady'?"),
        ("music.style=groove", "Did you mean 'grove'?"),
        ("metrics.plugins.beatcount={}", "Did you mean 'beat_count'?"),
        ("metrics.plugins.rmssd={}", "built in"),
        ("control.plugins.lead={}", "control.plugins.lead"),
    ],
)
def test_who_asks_for_what_there_is_not_hears_why_and_what_there_is(
    site: Path, option: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    grove(site)
    assert run(["run", "-s", "sim:", "-o", "null:", "--fast", "--set", option]) == 2
    told = capfd.readouterr().err
    assert said in told
    assert "Hint:" in told


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("level=7", "level is 7"),
        ("levle=1", "control.plugins.steady.levle: there is no such key"),
        ("levle=1", "Did you mean 'level'? Its keys are level."),
        ("level=0.13", "RuntimeError: thirteen"),
    ],
)
def test_what_an_added_part_objects_to_or_fails_at_is_one_line(
    site: Path, tmp_path: Path, setting: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    grove(site)
    assert run(["run", "-s", "sim:", "-o", "null:", "--fast", "--out", str(tmp_path / "out"),
                "--set", f"control.plugins.steady.{setting}",
                "--set", "control.strategy=steady"]) == 2  # fmt: skip
    told = capfd.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_name_that_is_built_in_stays_so_and_it_is_said_once(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install(site, "bf-rival", {"biofeedback.styles": {"piano": "rival:Piano"}}, {})
    assert STYLES.find("piano").whence == "built in"
    assert STYLES.find("piano").whence == "built in"
    assert [record.getMessage() for record in caplog.records] == [
        "the style of bf-rival 1.0 is not used: 'piano' is built in, which comes first"
    ]


def test_of_two_packages_with_a_part_of_one_name_the_first_by_name_has_it(site: Path) -> None:
    for package in ("bf-b", "bf-a"):
        install(site, package, {"biofeedback.styles": {"bells": "bells:Bells"}}, {})
    assert STYLES.find("bells").package == "bf-a"
    (other,) = [plugin for plugin in STYLES.added if plugin.shadowed]
    assert other.package == "bf-b"
    assert "bf-a 1.0" in other.shadowed


@pytest.mark.slow
def test_files_of_ones_own_are_found_by_name_and_a_style_of_them_stands_in_the_log(
    site: Path, tmp_path: Path
) -> None:
    own = tmp_path / "data" / "biofeedback" / "configs"
    for sort in ("styles", "programmes"):
        (own / sort).mkdir(parents=True)
    (own / "styles" / "slow_piano.toml").write_text(
        'like = "piano"\n' + PIANO.replace("66.0", "50.0"), encoding="utf-8"
    )
    (own / "programmes" / "evening.toml").write_text(
        'title = "Evening"\n[music]\nstyle = "slow_piano"\n', encoding="utf-8"
    )
    folder = session(tmp_path / "out", "--programme", "evening")
    (item,) = read_header(folder).plugins
    assert (item.kind, item.name, item.package) == ("style", "slow_piano", "file")
    assert run(["verify", str(folder)]) == 0
    (own / "programmes" / "broken.toml").write_text("title = 3", encoding="utf-8")
    assert "evening" in loaded_programmes()
    assert "broken" not in loaded_programmes()
    (own / "styles" / "slow_piano.toml").unlink()
    assert run(["verify", str(folder)]) == 3


@pytest.mark.slow
def test_a_package_of_files_alone_adds_them(site: Path, tmp_path: Path) -> None:
    meadow(site)
    folder = session(tmp_path / "out", "--programme", "noon")
    assert "Noon" in (folder / "config.toml").read_text(encoding="utf-8")


def meadow(site: Path) -> None:
    files = {
        "meadow/__init__.py": "",
        "meadow/programmes/noon.toml": 'title = "Noon"\n',
        "meadow/devices/bad.toml": "name = 3",
    }
    install(site, "bf-meadow", {"biofeedback.configs": {"meadow": "meadow"}}, files)


def listed() -> str:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert run(["plugins", "--json"]) == 0
    return out.getvalue()


def test_plugins_lists_what_there_is_whence_and_what_is_wrong(site: Path, tmp_path: Path) -> None:
    grove(site)
    meadow(site)
    found = {(one["kind"], one["name"]): one for one in json.loads(listed())["parts"]}
    assert found["strategy", "lead"] == {
        "kind": "strategy", "name": "lead", "whence": "built in", "problem": "",
    }  # fmt: skip
    assert found["metric", "beat_count"]["whence"] == "bf-grove 1.0"
    assert found["metric", "beat_count"]["problem"] == ""
    assert "ModuleNotFoundError" in found["strategy", "broken"]["problem"]
    assert found["programme", "noon"]["whence"].endswith("noon.toml")
    assert found["device", "bad"]["problem"]
    assert not [one for one in found.values() if one["whence"] == "built in" and one["problem"]]
