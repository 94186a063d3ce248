"""Each rule of compatibility: what a released event may become within its major version, and what it may not."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, StringConstraints, create_model

from services.duban.contracts.compatibility import Change, breaking_changes, same_contract
from services.duban.contracts.schemas import Schema

Required = ...


def schema(**fields: Any) -> Schema:
    """The schema of an event with these fields, each a type or a pair of type and default."""
    pairs = {name: field if isinstance(field, tuple) else (field, Required) for name, field in fields.items()}
    return create_model("Fact", **pairs).model_json_schema()  # type: ignore[no-any-return, call-overload]


class Light(StrEnum):
    GREEN = "green"
    RED = "red"


class Lights(StrEnum):
    GREEN = "green"
    RED = "red"
    GREY = "grey"


class Reading(BaseModel):
    indicator: str
    value: str | None


class LongerReading(Reading):
    note: str = ""


class DemandingReading(Reading):
    note: str


class RenamedReading(BaseModel):
    name: str
    value: str | None


@pytest.mark.parametrize(
    ("released", "current"),
    [
        pytest.param(schema(plan=str), schema(plan=str), id="nothing"),
        pytest.param(schema(plan=str), schema(plan=str, comment=(str, "")), id="a new optional field"),
        pytest.param(schema(plan=str), schema(plan=str, until=(date | None, None)), id="a new nullable field"),
        pytest.param(
            schema(all=list[Reading]), schema(all=list[LongerReading]), id="a new optional field within a list"
        ),
        pytest.param(schema(light=Light), schema(light=Lights), id="another word"),
        pytest.param(schema(kind=Literal["a"]), schema(kind=Literal["a", "b"]), id="another word beside the only one"),
        pytest.param(
            schema(n=Annotated[int, Field(le=5)]), schema(n=Annotated[int, Field(le=9)]), id="a higher maximum"
        ),
        pytest.param(
            schema(n=Annotated[int, Field(ge=5)]), schema(n=Annotated[int, Field(ge=1)]), id="a lower minimum"
        ),
        pytest.param(schema(n=Annotated[int, Field(ge=5)]), schema(n=int), id="a bound less"),
        pytest.param(schema(a=str, b=str), schema(b=str, a=str), id="another order"),
    ],
)
def test_readers_of_a_release_can_live_with(released: Schema, current: Schema) -> None:
    assert breaking_changes(released, current) == []


@pytest.mark.parametrize(
    ("released", "current", "change"),
    [
        pytest.param(
            schema(a=str, b=str), schema(a=str), Change("b", "was removed or renamed"), id="required field gone"
        ),
        pytest.param(schema(b=(str, "")), schema(), Change("b", "was removed or renamed"), id="optional field gone"),
        pytest.param(
            schema(), schema(b=str), Change("b", "is new and required; give it a default"), id="new required field"
        ),
        pytest.param(
            schema(b=(str, "")), schema(b=str), Change("b", "was optional and is required"), id="became required"
        ),
        pytest.param(
            schema(b=str), schema(b=(str, "")), Change("b", "was required and is optional"), id="became optional"
        ),
        pytest.param(schema(b=str), schema(b=int), Change("b", "was string and is integer"), id="another type"),
        pytest.param(
            schema(b=str), schema(b=str | None), Change("b", "was string and is string or null"), id="became nullable"
        ),
        pytest.param(
            schema(b=str | None),
            schema(b=str),
            Change("b", "was string or null and is string"),
            id="no longer nullable",
        ),
        pytest.param(schema(b=str), schema(b=list[str]), Change("b", "was string and is list"), id="became a list"),
        pytest.param(
            schema(b=dict[str, str]),
            schema(b=Reading),
            Change("b", "was mapping and is object"),
            id="mapping became object",
        ),
        pytest.param(
            schema(b=list[str]), schema(b=list[int]), Change("b[]", "was string and is integer"), id="other items"
        ),
        pytest.param(
            schema(b=list[Any]), schema(b=list[int]), Change("b[]", "was anything and is integer"), id="items narrowed"
        ),
        pytest.param(
            schema(b=dict[str, str]),
            schema(b=dict[str, int]),
            Change("b.*", "was string and is integer"),
            id="other values",
        ),
        pytest.param(
            schema(b=dict[str, Any]),
            schema(b=dict[str, int]),
            Change("b.*", "was anything and is integer"),
            id="values narrowed",
        ),
        pytest.param(schema(b=Lights), schema(b=Light), Change("b", "no longer takes grey"), id="word removed"),
        pytest.param(
            schema(b=Literal["a"]), schema(b=Literal["b"]), Change("b", "no longer takes a"), id="word replaced"
        ),
        pytest.param(
            schema(b=str),
            schema(b=Light),
            Change("b", "took any value and takes only green, red"),
            id="text became words",
        ),
        pytest.param(
            schema(b=Light),
            schema(b=str),
            Change("b", "took only green, red and takes any value"),
            id="words became text",
        ),
        pytest.param(
            schema(b=Lights | None),
            schema(b=Light | None),
            Change("b", "no longer takes grey"),
            id="word removed beside null",
        ),
        pytest.param(
            schema(b=Annotated[int, Field(le=9)]),
            schema(b=Annotated[int, Field(le=5)]),
            Change("b", "has another maximum: 9 before, 5 now"),
            id="lower maximum",
        ),
        pytest.param(
            schema(b=str),
            schema(b=Annotated[str, Field(min_length=1)]),
            Change("b", "has another minLength: none before, 1 now"),
            id="new bound",
        ),
        pytest.param(
            schema(b=str),
            schema(b=Annotated[str, StringConstraints(pattern="^a$")]),
            Change("b", "has another pattern: none before, '^a$' now"),
            id="new pattern",
        ),
        pytest.param(
            schema(b=date),
            schema(b=datetime),
            Change("b", "has another format: 'date' before, 'date-time' now"),
            id="format",
        ),
        pytest.param(
            schema(b=(int, 1)), schema(b=(int, 2)), Change("b", "has another default: 1 before, 2 now"), id="default"
        ),
        pytest.param(
            schema(all=list[LongerReading]),
            schema(all=list[Reading]),
            Change("all[].note", "was removed or renamed"),
            id="field of an item gone",
        ),
        pytest.param(
            schema(all=list[Reading]),
            schema(all=list[DemandingReading]),
            Change("all[].note", "is new and required; give it a default"),
            id="new required field of an item",
        ),
        pytest.param(
            schema(one=LongerReading),
            schema(one=DemandingReading),
            Change("one.note", "was optional and is required"),
            id="within an object",
        ),
    ],
)
def test_readers_of_a_release_cannot_live_with(released: Schema, current: Schema, change: Change) -> None:
    assert change in breaking_changes(released, current)


def test_a_renamed_field_is_both_gone_and_new() -> None:
    assert breaking_changes(schema(all=list[Reading]), schema(all=list[RenamedReading])) == [
        Change("all[].indicator", "was removed or renamed"),
        Change("all[].name", "is new and required; give it a default"),
    ]


def test_an_object_that_no_longer_takes_other_fields_is_narrower() -> None:
    closed = {**schema(plan=str), "additionalProperties": False}
    assert breaking_changes(schema(plan=str), closed) == [Change(".*", "was anything and is nothing")]


def test_prose_is_no_part_of_the_contract() -> None:
    explained = schema(title=Annotated[str, Field(description="As printed.", examples=["a"])])
    assert same_contract(schema(title=str), explained)
    assert breaking_changes(schema(title=str), explained) == []


def test_a_field_named_like_prose_is_part_of_the_contract() -> None:
    assert not same_contract(schema(title=str), schema(title=int))


def test_another_word_is_another_contract() -> None:
    assert not same_contract(schema(light=Light), schema(light=Lights))
