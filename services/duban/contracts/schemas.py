"""JSON Schemas of the event classes, as a reader may rely on them.

Objects are open, because a reader ignores what it does not know; fields that have a default are optional, so that an
event of 1.0 is valid by the schema of 1.1.
"""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from shared.events.envelope import schema_name
from shared.events.event import Event

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
READING_ORDER = ("title", "description", "type", "properties", "required", "$defs")


class Untitled(GenerateJsonSchema):
    """Leaves out titles that only repeat the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def event_schema(cls: type[Event]) -> Schema:
    generated = cls.model_json_schema(schema_generator=Untitled)
    head = {"$schema": DIALECT, "$id": schema_name(cls.type, cls.version)}
    return head | {key: generated[key] for key in READING_ORDER if key in generated} | generated


def event_file(cls: type[Event]) -> str:
    """The name of the event's schema and of its example."""
    return f"{cls.type}.{cls.version}.json"


def expanded(schema: Schema) -> Schema:
    """The same schema with each reference replaced by what it refers to."""
    definitions = schema.get("$defs", {})

    def expand(node: Any) -> Any:
        if isinstance(node, list):
            return [expand(part) for part in node]
        if not isinstance(node, dict):
            return node
        own = {key: expand(part) for key, part in node.items() if key not in ("$ref", "$defs")}
        return {**expand(definitions[node["$ref"].rsplit("/", 1)[-1]]), **own} if "$ref" in node else own

    return dict(expand(schema))
