"""Reading of YAML and JSON documents that people write: nothing in them is overwritten or expanded unseen."""

import json
from collections.abc import Hashable
from typing import Any

import yaml

from shared.errors import AppError, Text


class UnreadableDocument(AppError):
    code, status = "unreadable-document", 400
    title = Text("文件无法读取", "Unreadable document")
    detail = Text("文件不是有效的 YAML 或 JSON：{why}", "The document is not valid YAML or JSON: {why}")


def read_document(content: str | bytes) -> object:
    """The value that a YAML or JSON text in UTF-8 holds.

    Raises UnreadableDocument, with line and column, also for a key that occurs twice in one mapping and for aliases
    (a short document could expand to gigabytes).
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        if text.lstrip().startswith(("{", "[")):
            return json.loads(text, object_pairs_hook=_once_each)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except (UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UnreadableDocument(why=" ".join(str(error).split())) from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} occurs twice in one mapping")
    return mapping


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} occurs twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
