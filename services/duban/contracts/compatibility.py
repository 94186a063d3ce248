"""Whether readers of a released event can read what is published now, and today's readers what was published then.

Within a major version an event may gain optional fields, words in an enumeration and wider bounds. Whatever else changes
is refused: events stay in the logs for ever, and readers are not upgraded on the same day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.duban.contracts.schemas import Schema, expanded

PROSE = frozenset({"title", "description", "examples", "$id", "$schema"})
LOWER_BOUNDS = frozenset({"minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"})
UPPER_BOUNDS = frozenset({"maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"})
SHAPE = frozenset({"type", "anyOf", "items", "properties", "required", "additionalProperties", "enum", "const"})


@dataclass(frozen=True, slots=True)
class Change:
    """What would break somebody; `field` is a path such as `readings[].value`, empty for the event itself."""

    field: str
    what: str


def breaking_changes(released: Schema, current: Schema) -> list[Change]:
    return list(_compared(expanded(released), expanded(current), ""))


def same_contract(released: Schema, current: Schema) -> bool:
    """Whether two schemas differ at most in their prose."""
    return bool(_without_prose(expanded(released)) == _without_prose(expanded(current)))


def _compared(old: Schema, new: Schema, at: str) -> Iterator[Change]:
    if _shape(old) != _shape(new):
        yield Change(at, f"was {_shape(old)} and is {_shape(new)}")
        return
    yield from _compared_fields(old, new, at)
    yield from _compared_parts(old, new, at)
    yield from _compared_words(old, new, at)
    yield from _compared_limits(old, new, at)


def _compared_fields(old: Schema, new: Schema, at: str) -> Iterator[Change]:
    before, now = old.get("properties", {}), new.get("properties", {})
    was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in before | now:
        field = f"{at}.{name}" if at else name
        if name not in now:
            yield Change(field, "was removed or renamed")
        elif name not in before and name in is_required:
            yield Change(field, "is new and required; give it a default")
        elif name in before:
            yield from _compared_need(field, name in was_required, name in is_required)
            yield from _compared(before[name], now[name], field)


def _compared_need(field: str, was_required: bool, is_required: bool) -> Iterator[Change]:
    if is_required and not was_required:
        yield Change(field, "was optional and is required")
    if was_required and not is_required:
        yield Change(field, "was required and is optional")


def _compared_parts(old: Schema, new: Schema, at: str) -> Iterator[Change]:
    """Items of a list, values of a mapping, members of a union."""
    if {"items", "additionalProperties"} & (old.keys() | new.keys()):
        yield from _compared(old.get("items", {}), new.get("items", {}), f"{at}[]")
        yield from _compared(_values(old), _values(new), f"{at}.*")
    for before, now in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=True):
        yield from _compared(before, now, at)


def _compared_words(old: Schema, new: Schema, at: str) -> Iterator[Change]:
    before, now = _words(old), _words(new)
    if before is None and now is not None:
        yield Change(at, f"took any value and takes only {_listed(now)}")
    elif before is not None and now is None:
        yield Change(at, f"took only {_listed(before)} and takes any value")
    elif before and now and (lost := [word for word in before if word not in now]):
        yield Change(at, f"no longer takes {_listed(lost)}")


def _compared_limits(old: Schema, new: Schema, at: str) -> Iterator[Change]:
    for keyword in sorted((old.keys() | new.keys()) - SHAPE - PROSE):
        before, now = _limit(old, keyword), _limit(new, keyword)
        if before != now and not _is_wider(keyword, old, new):
            yield Change(at, f"has another {keyword}: {before} before, {now} now")


def _limit(schema: Schema, keyword: str) -> str:
    return repr(schema[keyword]) if keyword in schema else "none"


def _is_wider(keyword: str, old: Schema, new: Schema) -> bool:
    """Whether a bound lets through all that it did."""
    if keyword not in LOWER_BOUNDS | UPPER_BOUNDS or keyword not in old:
        return False
    if keyword not in new:
        return True
    return bool(new[keyword] < old[keyword] if keyword in LOWER_BOUNDS else new[keyword] > old[keyword])


def _shape(schema: Schema) -> str:
    """The kind of value in words, e.g. `string or null`, `list`, `mapping`."""
    if "anyOf" in schema:
        return " or ".join(_shape(member) for member in schema["anyOf"])
    kind = str(schema.get("type", "anything"))
    if kind == "object" and "properties" not in schema:
        return "mapping"
    return {"array": "list"}.get(kind, kind)


def _values(schema: Schema) -> Schema:
    """What an object takes in fields that it does not name."""
    values = schema.get("additionalProperties", True)
    if isinstance(values, dict):
        return values
    return {} if values else {"type": "nothing"}


def _words(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _listed(words: list[Any]) -> str:
    return ", ".join(str(word) for word in words)


def _without_prose(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_prose(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_prose(part) for key, part in node.items() if key not in PROSE or isinstance(part, dict)}
