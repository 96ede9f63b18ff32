"""What stands beside the code can be read by those for whom it is there."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob(".github/*.md")])


def test_the_citation_names_the_version_that_is_built() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["version"], cited["license"]) == (built["version"], built["license"])


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_for_issues_has_what_the_host_asks_for(form: Path) -> None:
    told = yaml.safe_load(form.read_text(encoding="utf-8"))
    if form.stem == "config":
        assert set(told) <= {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= set(told)
    asked = [part for part in told["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in asked}) == len(asked) > 0
    assert all(part["attributes"]["label"] for part in asked)


def test_what_is_run_before_a_commit_is_what_make_runs() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    tools = {hook["entry"].removeprefix("python -m ").split()[0] for hook in local["hooks"]}
    assert tools == {"ruff", "mypy"}
    assert not re.search(r"(?m)(^|\s)/\w", (ROOT / ".pre-commit-config.yaml").read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_leads_only_to_files_that_there_are(page: Path) -> None:
    text = re.sub(r"(?s)```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"))
    led = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = [name for name in led if not re.match(r"\w+:", name)]
    assert not [name for name in local if not (page.parent / name).exists()]


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(p.name for p in folder.glob("*.md") if p.name != "README.md")


def test_the_commands_that_contributors_are_told_are_there() -> None:
    told = re.findall(r"`make (\w+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    there = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert set(told) <= set(there)


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_a_file_that_starts_other_programs_says_which_of_its_tests_do() -> None:
    tests = ROOT / "tests"
    starts = {"subprocess", "pty", "multiprocessing", "synth.player.remote"}
    starts |= {
        f"rigs.{rig.stem}" for rig in (tests / "rigs").glob("*.py") if _imported(rig) & starts
    }
    unmarked = [
        path.name
        for path in tests.rglob("test_*.py")
        if _imported(path) & starts
        and not re.search(r"mark\.rig|needs_bluez", path.read_text(encoding="utf-8"))
    ]
    assert not unmarked
