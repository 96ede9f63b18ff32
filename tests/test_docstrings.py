"""What a public function takes, gives and raises is said in its docstring, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("numpydoc", reason="comes with the extra `test`")

from numpydoc.hooks.validate_docstrings import AstValidator

ROOT = Path(__file__).parents[1]
ROOMS = ("sensors", "synth", "biofeedback/metrics", "biofeedback/record", "biofeedback/offline")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Node = Function | ast.ClassDef

#: A property is an attribute to its reader: one sentence says what it is.
ATTRIBUTES = {"property", "cached_property"}


def public(tree: ast.Module) -> Iterator[tuple[str, Node, ast.AST]]:
    """Yield what `__all__` lists and the public methods of it: name, node, and what holds it."""
    listed: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = ast.literal_eval(node.value)
    for node in tree.body:
        if isinstance(node, Node) and node.name in listed:
            yield node.name, node, tree
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, Function) and not part.name.startswith("_"):
                        if not decorators(part) & ATTRIBUTES:
                            yield f"{node.name}.{part.name}", part, node


def decorators(function: Function) -> set[str]:
    return {ast.unparse(each).partition("(")[0] for each in function.decorator_list}


def own(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without those of functions inside."""
    todo: list[ast.AST] = [*function.body]
    while todo:
        yield (node := todo.pop())
        if not isinstance(node, Node | ast.Lambda):
            todo += ast.iter_child_nodes(node)


def raised(function: Function) -> set[str]:
    """Return the errors that a function makes and raises itself."""
    made = [n.exc for n in own(function) if isinstance(n, ast.Raise) and n.exc is not None]
    names = {ast.unparse(error.func if isinstance(error, ast.Call) else error) for error in made}
    return {name for name in names if name[:1].isupper()}


def gives(function: Function) -> tuple[str, str]:
    """Return the section that a function needs for its result, and the type that it names."""
    kind = ast.unparse(function.returns) if function.returns else "None"
    is_generator = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own(function))
    if is_generator or decorators(function) & {"contextmanager", "asynccontextmanager"}:
        inner = function.returns.slice if isinstance(function.returns, ast.Subscript) else None
        item = inner.elts[0] if isinstance(inner, ast.Tuple) else inner
        kind = ast.unparse(item) if item is not None else kind.removesuffix("Stream")
        return ("", "") if kind == "None" else ("Yields", kind)
    return ("", "") if kind == "None" else ("Returns", kind)


def faults(path: Path) -> Iterator[str]:
    """Yield what is wrong with the docstrings of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name, node, holder in public(tree):
        text = ast.get_docstring(node)
        if text is None:
            yield f"{name}: no docstring"
            continue
        docstring = AstValidator(
            ast_node=node, filename=path, obj_name=name, ancestry=[tree, holder]
        )
        yield from (f"{name}: {words}" for _, words in docstring.parameter_mismatches)
        sections = docstring.doc
        told = {part.type for part in sections["Raises"]}
        makers = [node] if isinstance(node, Function) else []
        if isinstance(node, ast.ClassDef):
            makers = [n for n in node.body if isinstance(n, Function) and n.name == "__init__"]
        for maker in makers:
            yield from (f"{name}: raises {error}, untold" for error in raised(maker) - told)
        if isinstance(node, Function):
            section, kind = gives(node)
            for each in ("Returns", "Yields"):
                types = [part.type for part in sections[each]]
                if types != ([kind] if each == section else []):
                    yield f"{name}: {each} is {types}, the signature says {kind or None}"


def untold_fields(path: Path) -> Iterator[str]:
    """Yield the public fields of values that neither `#:` nor the class's docstring speaks of."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for name, node, _ in public(ast.parse(text)):
        parts = node.body if isinstance(node, ast.ClassDef) else []
        if any(isinstance(part, Function) and part.name == "__init__" for part in parts):
            continue
        for part in parts:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                field = part.target.id
                above, *own_lines = lines[part.lineno - 2 : part.end_lineno]
                told = above.strip().startswith("#:") or any("#:" in line for line in own_lines)
                words = ast.get_docstring(node) or ""
                if not (told or field.startswith("_") or re.search(rf"\b{field}\b", words)):
                    yield f"{name}.{field}"


@pytest.mark.parametrize("room", ROOMS)
def test_public_functions_tell_what_they_take_give_and_raise(room: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): wrong
        for path in sorted((ROOT / room).rglob("*.py"))
        if (wrong := list(faults(path)))
    }
    assert not found


@pytest.mark.parametrize("room", ROOMS)
def test_every_field_of_a_value_is_told(room: str) -> None:
    found = [name for path in (ROOT / room).rglob("*.py") for name in untold_fields(path)]
    assert not found


BROKEN = '''
"""A module."""
__all__ = ["mean"]

def mean(values_ms: list[float], window: int = 3) -> float:
    """Return the mean.

    Parameters
    ----------
    values_ms
        In ms.
    {parameter}
        In beats.

    {section}
    {line}
    {kind}
        In ms.

    Raises
    ------
    {error}
        For none.
    """
    if not values_ms:
        raise ValueError("no values")
    return sum(values_ms[-window:]) / window
'''
RIGHT = {"parameter": "window", "section": "Returns", "kind": "float", "error": "ValueError"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, ""),
        ({"parameter": "windows"}, "{'windows'}"),
        ({"section": "Yields"}, "Yields is ['float']"),
        ({"kind": "int"}, "['int'], the signature says float"),
        ({"error": "KeyError"}, "raises ValueError, untold"),
    ],
)
def test_a_docstring_that_is_not_true_is_found(
    wrong: dict[str, str], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "means.py"
    filled = RIGHT | wrong
    text = BROKEN.strip().format(**filled, line="-" * len(filled["section"]))
    path.write_text(text, encoding="utf-8")
    found = list(faults(path))
    assert any(words in each for each in found) if words else not found
