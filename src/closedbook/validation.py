"""Types of what is read from TOML and JSON, checked once, before anything uses it.

Recipes are dataclasses, and an unknown key in one is a mistake: it is refused, and the nearest key is named. Records of
a run are TypedDicts, and a key more is none: a later version may have written it. pydantic and msgspec were tried in
this place; neither made it shorter (docs/safety.md).
"""

from __future__ import annotations

import collections.abc
import contextlib
import dataclasses
import difflib
import functools
import json
import math
import reprlib
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, Required

from closedbook.environment import most_read, raise_it
from closedbook.errors import ClosedbookError, RecipeError

LARGEST = 2**63  # whole numbers lie below it, as TOML has them and every library of ours takes them
BYTES_OF_A_VALUE = 16  # of what is read into memory at most; each then takes up to five times that
LONGEST_KEY = 80  # characters of an unknown key that are compared and shown

ABOVE_0, BELOW_1 = math.ulp(0.0), math.nextafter(1.0, 0.0)

Count = Annotated[int, (0, LARGEST - 1)]
Positive = Annotated[int, (1, LARGEST - 1)]
UnitInterval = Annotated[float, (0.0, 1.0)]
NotNegative = Annotated[float, (0.0, math.inf)]
Above0 = Annotated[float, (ABOVE_0, math.inf)]
Below1 = Annotated[float, (0.0, BELOW_1)]  # from 0


def parse_toml(text: str) -> dict[str, Any]:
    """Raises ValueError for what is no TOML, nested too deeply, or has a number of thousands of digits."""
    return _parse(tomllib.loads, text)


def parse_json(text: str | bytes, number: Callable[[str], Any] | None = None) -> Any:
    """Raises ValueError for what is no JSON in UTF-8, nested too deeply, or has too many values, or digits in one.

    `number` makes what stands for a number, from how it is written.
    """
    text = text if isinstance(text, str) else text.decode("utf-8")
    check_values(text)
    return _parse(functools.partial(json.loads, parse_int=number, parse_float=number), text)


def check_values(text: str) -> None:
    """Raises ValueError where JSON has so many values that they would take far more memory than its text.

    `{}` in a list takes 26 times its three bytes. There are no more values than there are commas, colons and brackets.
    """
    most = most_read() // BYTES_OF_A_VALUE
    if len(text) > most and sum(map(text.count, ",:[{")) > most:
        raise ValueError(f"it may hold more than {most:,} values; {raise_it()}")


def _parse(loads: Callable[[str], Any], text: str) -> Any:
    """What a parser makes of a text; what it gives up on is said in words of ours."""
    try:
        return loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError):
        raise
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        raise ValueError("a number in it has thousands of digits") from None


def convert(kind: Any, data: Any, where: str, error: type[ClosedbookError] = RecipeError) -> Any:
    """`data`, as a parser gave it, as a value of type `kind`; `where` is what it is called in messages.

    `kind` may be built of dataclasses, TypedDicts, lists, tuples, mappings, unions, literals, plain types, and numbers
    Annotated with (least, most). A class with a method `from_plain(data, where)` reads itself. Numbers must be finite.
    Raises `error` for unknown keys, missing ones and wrong types.
    """
    try:
        return _convert(kind, data, where, error)
    except RecursionError:
        raise error(f"{_named(where, error)} is nested too deeply") from None


def _convert(kind: Any, value: Any, where: str, error: type[ClosedbookError]) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return _any(value, where, error)
    if origin is Annotated:
        number, (low, high) = _convert(arguments[0], value, where, error), arguments[1]
        if not low <= number <= high:
            raise error(f"{where} = {number} must {_limits(low, high)}")
        return number
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        *alternatives, last = (a for a in arguments if a is not type(None))
        for alternative in alternatives:
            with contextlib.suppress(error):
                return _convert(alternative, value, where, error)
        return _convert(last, value, where, error)
    if origin is Literal:
        one_of(value, where, arguments, error)
        return value
    if origin in (tuple, list):
        if not isinstance(value, (list, tuple)):
            raise error(f"{where} must be a list, not {shown(value)}")
        if origin is tuple and arguments[-1] is not ...:
            if len(arguments) != len(value):
                raise error(f"{where} must be a list of {len(arguments)}, not of {len(value)}")
            pairs = enumerate(zip(arguments, value, strict=True))
            return tuple(_convert(kind, item, f"{where}.{i}", error) for i, (kind, item) in pairs)
        if _all_plain(arguments[0], value):
            return origin(value)
        return origin(_convert(arguments[0], item, f"{where}.{_label(item, i)}", error) for i, item in enumerate(value))
    if origin in (collections.abc.Mapping, dict):
        return {k: _convert(arguments[1], v, f"{where}.{k}", error) for k, v in _table(value, where, error).items()}
    if hasattr(kind, "from_plain"):
        return kind.from_plain(value, where)
    if dataclasses.is_dataclass(kind) or typing.is_typeddict(kind):
        return _fields(kind, _table(value, where, error), where, error)
    if kind is float and type(value) is int and abs(value) < LARGEST:
        return float(value)
    if type(value) is not kind:
        raise error(f"{where} = {shown(value)} must be of type {kind.__name__}, not {type(value).__name__}")
    return _any(value, where, error)


def check_fields(instance: Any, error: type[ClosedbookError]) -> None:
    """Hold the fields of a dataclass that was made in Python to what `convert` would take for them."""
    kinds: dict[str, Any] = typing.get_type_hints(type(instance), include_extras=True)
    for name, kind in kinds.items():
        convert(kind, getattr(instance, name), name, error)


def _limits(low: float, high: float) -> str:
    if high == BELOW_1:
        return "be at least 0 and below 1"
    if high in (LARGEST - 1, math.inf):
        return "be above 0" if low == ABOVE_0 else f"be at least {low:,}"
    return f"lie between {low:,} and {high:,}"


def one_of(value: Any, where: str, choices: Sequence[str], error: type[ClosedbookError] = RecipeError) -> None:
    """Raise `error`, naming the nearest, unless `value` is known."""
    if value not in choices:
        text = f'"{value}"' if isinstance(value, str) and len(value) <= LONGEST_KEY else shown(value)
        raise error(f"{where} = {text} is unknown; {nearest(str(value), choices)}")


def _all_plain(kind: Any, items: Sequence[Any]) -> bool:
    """Whether all are texts or counts, as wanted: a short cut, since splits and vocabularies are long."""
    if kind is Count:
        return set(map(type, items)) == {int} and min(items) >= 0 and max(items) < LARGEST
    return kind is str and set(map(type, items)) <= {str}


def _named(where: str, error: type[ClosedbookError]) -> str:
    return where or ("the recipe" if error is RecipeError else "it")


def _fields(kind: Any, data: Mapping[str, Any], where: str, error: type[ClosedbookError]) -> Any:
    """A dataclass or TypedDict from a table."""
    hints, needed = _hints(kind)
    strict = dataclasses.is_dataclass(kind)
    for key in data:
        if strict and key not in hints:
            cut = key[:LONGEST_KEY]
            raise error(f'{_named(where, error)} has no key "{cut}"; {nearest(cut, hints)}')
    for key in needed:
        if key not in data:
            raise error(f'{_named(where, error)} lacks the key "{key}"')
    values = {
        key: _convert(hints[key], item, f"{where}.{key}".lstrip("."), error) if key in hints else item
        for key, item in data.items()
    }
    return kind(**values) if strict else values


@functools.cache
def _hints(kind: Any) -> tuple[dict[str, Any], list[str]]:
    """The types of a class's keys, and which of them must be there."""
    hints = typing.get_type_hints(kind, include_extras=True)
    if dataclasses.is_dataclass(kind):
        missing = dataclasses.MISSING
        fields = dataclasses.fields(kind)
        return hints, [f.name for f in fields if f.default is missing and f.default_factory is missing]
    marks = {name: typing.get_origin(hint) for name, hint in hints.items()}
    bare = {name: typing.get_args(hints[name])[0] for name, mark in marks.items() if mark in (NotRequired, Required)}
    needed = [n for n, mark in marks.items() if n in kind.__required_keys__ and mark is not NotRequired]
    return hints | bare, needed


def _table(value: Any, where: str, error: type[ClosedbookError]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise error(f"{_named(where, error)} must be a table, not {shown(value)}")
    return value


def _any(value: Any, where: str, error: type[ClosedbookError]) -> Any:
    """The value, if no number in it is beyond what can be computed with or shown."""
    if type(value) is int and not -LARGEST <= value < LARGEST:
        raise error(f"{where} = {shown(value)} is too large; below 2**63")
    if type(value) is float and not math.isfinite(value):
        raise error(f"{where} = {value} must be a finite number")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _any(item, f"{where}.{key}", error)
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            _any(item, f"{where}.{i}", error)
    return value


class _Short(reprlib.Repr):
    """A value in a few words, whatever it is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if abs(x) < 10**30 else f"a number of about {round(x.bit_length() * math.log10(2)):,} digits"


shown = _Short().repr


def _label(item: Any, position: int) -> str:
    return (item_name(item) or str(position)) if isinstance(item, Mapping) else str(position)


def item_name(item: Mapping[str, Any]) -> str:
    """What an entry of a list goes by: a stage by its name, a share by its objective's."""
    objective = item.get("objective", "")
    named = item if "name" in item else objective if isinstance(objective, Mapping) else {"name": objective}
    name = named.get("name", "")
    return name[:LONGEST_KEY] if isinstance(name, str) else ""


def nearest(name: str, choices: Iterable[str]) -> str:
    """The end of a message about an unknown name: which one was meant, or else which there are."""
    names = [str(item) for item in choices]
    longer = sorted((item for item in names if name and f"-{name}-" in f"-{item}-"), key=len)  # vanilla: course-vanilla
    close = longer[:1] or difflib.get_close_matches(name[:LONGEST_KEY], names, n=1, cutoff=0.4)
    return f'did you mean "{close[0]}"?' if close else "known: " + ", ".join(names)
