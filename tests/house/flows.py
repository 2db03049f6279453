"""Which words of ours flow into an argument of a function: read from the source, never run.

    keys = values_into(("app.kernel.audit", "record"), "action")

Literals are followed through local names, conditional expressions and functions that pass a parameter
on. Whatever else is written there is told in `unknown`, so that nothing slips through.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
Target = tuple[str, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Values:
    """`known`: literals; `unknown`: other expressions, as (module, source)."""

    known: set[str] = field(default_factory=set)
    unknown: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Module:
    """A file of ours: its tree, and what the names in it mean."""

    name: str
    tree: ast.Module
    names: dict[str, Target]

    def calls(self) -> Iterator[tuple[Function | None, ast.Call]]:
        """Yield every call with the function that it stands in."""
        yield from _calls(self.tree, None)

    def meaning(self, called: ast.expr) -> Target | None:
        """Return what is called, as (module, function)."""
        if isinstance(called, ast.Name):
            return self.names.get(called.id)
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            module, inner = self.names.get(called.value.id, ("", ""))
            return (f"{module}.{inner}", called.attr) if module else None
        return None


def values_into(target: Target, parameter: str) -> Values:
    """Return what is given as a parameter of a function, wherever in the application."""
    found, seen = Values(), set[tuple[Target, str]]()
    _follow(target, parameter, found, seen)
    return found


def _follow(target: Target, parameter: str, found: Values, seen: set[tuple[Target, str]]) -> None:
    if (target, parameter) in seen:
        return
    seen.add((target, parameter))
    place = _place_of(target, parameter)
    for module in _modules():
        for around, call in module.calls():
            if module.meaning(call.func) != target:
                continue
            given = _given(call, place, parameter)
            if given is not None:
                _take(module, around, given, found, seen)


def _take(
    module: Module,
    around: Function | None,
    given: ast.expr,
    found: Values,
    seen: set[tuple[Target, str]],
) -> None:
    if isinstance(given, ast.Constant):
        found.known |= {given.value} if isinstance(given.value, str) else set()
    elif isinstance(given, ast.IfExp):
        _take(module, around, given.body, found, seen)
        _take(module, around, given.orelse, found, seen)
    elif isinstance(given, ast.Name) and around and given.id in _parameters(around):
        _follow((module.name, around.name), given.id, found, seen)
    elif isinstance(given, ast.Name) and around and (values := _assigned(around, given.id)):
        for value in values:
            _take(module, around, value, found, seen)
    else:
        found.unknown.add((module.name, ast.unparse(given)))


def _calls(node: ast.AST, around: Function | None) -> Iterator[tuple[Function | None, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        inside = child if isinstance(child, Function) else around
        if isinstance(child, ast.Call):
            yield around, child
        yield from _calls(child, inside)


def _given(call: ast.Call, place: int, parameter: str) -> ast.expr | None:
    named = next((word.value for word in call.keywords if word.arg == parameter), None)
    return call.args[place] if named is None and 0 <= place < len(call.args) else named


def _parameters(function: Function) -> list[str]:
    said = function.args
    return [each.arg for each in (*said.posonlyargs, *said.args, *said.kwonlyargs)]


def _assigned(function: Function, name: str) -> list[ast.expr]:
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(each, ast.Name) and each.id == name for each in node.targets)
    ]


@cache
def _place_of(target: Target, parameter: str) -> int:
    """Return where a parameter stands among the positional ones; -1 for none."""
    module = next(each for each in _modules() if each.name == target[0])
    for node in ast.walk(module.tree):
        if isinstance(node, Function) and node.name == target[1]:
            places = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
            return places.index(parameter) if parameter in places else -1
        if isinstance(node, ast.ClassDef) and node.name == target[1]:
            fields = [
                each.target.id
                for each in node.body
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            ]
            return fields.index(parameter)
    raise AssertionError(f"no {target}")


@cache
def _modules() -> list[Module]:
    return [_read(path) for path in sorted((ROOT / "app").rglob("*.py"))]


def _read(path: Path) -> Module:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    tree = ast.parse(path.read_text())
    names = {
        node.name: (name, node.name)
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                names[each.asname or each.name] = (node.module, each.name)
    return Module(name, tree, names)
