"""What goes over the wire to Stripe, read back and held against the library's own types.

The library does not check what it sends: a parameter that this version of the API does not know goes
out silently, and is refused in production. Here it fails the test.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import parse_qsl

from stripe import RequestOptions
from typing_extensions import get_type_hints, is_typeddict

# What goes as headers, not as parameters.
OPTIONS = frozenset(RequestOptions.__annotations__)


class Unfit(AssertionError):
    """A request that the library's types do not allow."""


def decode(encoded: str) -> dict[str, Any]:
    """Return a form's nested values; lists where the keys are numbers."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        head, *rest = key.replace("]", "").split("[")
        node, name = tree, head
        for part in rest:
            node = node.setdefault(name, {})
            name = part
        node[name] = value
    return {key: _listed(value) for key, value in tree.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    values = {key: _listed(value) for key, value in node.items()}
    if values and all(key.isdigit() for key in values):
        return [values[key] for key in sorted(values, key=int)]
    return values


def check(values: dict[str, Any], shape: type) -> dict[str, Any]:
    """Return the parameters of a request in their types; Unfit when the library's do not allow them."""
    checked: dict[str, Any] = _read(values, shape, shape.__name__)
    return checked


def _read(value: Any, hint: Any, where: str) -> Any:
    if hint is Any:
        return value
    if is_typeddict(hint):
        return _read_fields(value, hint, where)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _read_union(value, get_args(hint), where)
    if origin is Literal:
        if value not in get_args(hint):
            raise Unfit(f"{where}: {value!r} is none of {get_args(hint)}")
        return value
    if origin is list:
        if not isinstance(value, list):
            raise Unfit(f"{where}: {value!r} is no list")
        return [_read(each, get_args(hint)[0], f"{where}[]") for each in value]
    if origin is dict:
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise Unfit(f"{where}: {value!r} is no map of texts")
        return value
    return _read_plain(value, hint, where)


def _read_fields(value: Any, hint: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(f"{where}: {value!r} has no fields")
    hints = _hints(hint)
    unknown = set(value) - set(hints)
    if unknown:
        raise Unfit(f"{where}: unknown parameters {sorted(unknown)}")
    missing = (hint.__required_keys__ - OPTIONS) - set(value)
    if missing:
        raise Unfit(f"{where}: without {sorted(missing)}")
    return {key: _read(each, hints[key], f"{where}.{key}") for key, each in value.items()}


@cache
def _hints(shape: type) -> dict[str, Any]:
    # Names of the options, which every shape inherits and its own module need not know.
    hints = get_type_hints(shape, localns={"StripeContext": str, "Mapping": Mapping})
    return {name: hint for name, hint in hints.items() if name not in OPTIONS}


def _read_union(value: Any, options: tuple[Any, ...], where: str) -> Any:
    """Read by the first option that fits. A list of words is closed although the types add `str` to
    it, for words to come: what we send is of today."""
    words = {w for o in options if get_origin(o) is Literal for w in get_args(o)}
    if words - {""}:
        options = tuple(option for option in options if option is not str)
    told = []
    for option in options:
        try:
            return _read(value, option, where)
        except Unfit as error:
            told.append(str(error))
    raise Unfit("; ".join(told))


def _read_plain(value: Any, hint: Any, where: str) -> Any:
    if not isinstance(value, str):
        raise Unfit(f"{where}: {value!r} is not plain")
    try:
        if hint is str:
            return value
        if hint is bool:
            return {"true": True, "false": False}[value]
        if hint in (int, float, Decimal):
            return hint(value)
    except (KeyError, ValueError, InvalidOperation):
        pass
    raise Unfit(f"{where}: {value!r} is no {getattr(hint, '__name__', hint)}")
