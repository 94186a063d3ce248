"""What is wrong with a request, field by field, as sentences in two languages."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from shared.errors import AppError, FieldError, Invalid, Text


class MalformedJson(AppError):
    code, status = "malformed-json", 400
    title = Text("JSON 格式有误", "Malformed JSON")
    detail = Text(
        "请求内容不是有效的 JSON（UTF-8），请检查引号、逗号和括号。",
        "The body is not valid JSON in UTF-8; check quotes, commas and brackets.",
    )


SENTENCES: dict[str, Text] = {
    "missing": Text("必填", "is required"),
    "extra_forbidden": Text("没有这个字段，请检查拼写", "is not a field here; check the spelling"),
    "string_type": Text("应为文字", "must be text"),
    "string_too_short": Text("至少 {min_length} 个字", "needs at least {min_length} character(s)"),
    "string_too_long": Text("最多 {max_length} 个字", "may have at most {max_length} characters"),
    "string_pattern_mismatch": Text("格式不符，应匹配 {pattern}", "has the wrong form; it must match {pattern}"),
    "string_unicode": Text("含有无效字符", "holds invalid characters"),
    "enum": Text("应为 {expected} 之一", "must be one of {expected}"),
    "literal_error": Text("应为 {expected} 之一", "must be one of {expected}"),
    "bool_type": Text("应为 true 或 false", "must be true or false"),
    "bool_parsing": Text("应为 true 或 false", "must be true or false"),
    "int_type": Text("应为整数", "must be a whole number"),
    "int_parsing": Text("应为整数", "must be a whole number"),
    "int_from_float": Text("应为整数", "must be a whole number"),
    "float_type": Text("应为数字", "must be a number"),
    "float_parsing": Text("应为数字", "must be a number"),
    "decimal_type": Text("应为数字或数字文本", "must be a number or a decimal string"),
    "decimal_parsing": Text("应为数字或数字文本", "must be a number or a decimal string"),
    "decimal_max_digits": Text("最多 {max_digits} 位数字", "may have at most {max_digits} digits"),
    "finite_number": Text("应为有限的数字", "must be a finite number"),
    "greater_than": Text("应大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": Text("应不小于 {ge}", "must be at least {ge}"),
    "less_than": Text("应小于 {lt}", "must be less than {lt}"),
    "less_than_equal": Text("应不大于 {le}", "must be at most {le}"),
    "too_short": Text("长度至少为 {min_length}", "needs a length of at least {min_length}"),
    "too_long": Text("长度最多为 {max_length}", "may have a length of at most {max_length}"),
    "list_type": Text("应为列表", "must be a list"),
    "dict_type": Text("应为对象", "must be an object"),
    "model_type": Text("应为对象", "must be an object"),
    "model_attributes_type": Text("应为 JSON 对象（Content-Type: application/json）", "must be a JSON object (Content-Type: application/json)"),
    "date_type": Text("应为日期，如 2024-04-08", "must be a date such as 2024-04-08"),
    "date_parsing": Text("应为日期，如 2024-04-08", "must be a date such as 2024-04-08"),
    "date_from_datetime_parsing": Text("应为日期，如 2024-04-08", "must be a date such as 2024-04-08"),
    "datetime_type": Text("应为带时区的时间，如 2024-04-08T09:00:00+08:00", "must be an instant such as 2024-04-08T09:00:00+08:00"),
    "datetime_parsing": Text("应为带时区的时间，如 2024-04-08T09:00:00+08:00", "must be an instant such as 2024-04-08T09:00:00+08:00"),
    "datetime_from_date_parsing": Text("应为带时区的时间，如 2024-04-08T09:00:00+08:00", "must be an instant such as 2024-04-08T09:00:00+08:00"),
    "timezone_aware": Text("时间必须带时区，如 +08:00", "needs a time zone, such as +08:00"),
    "uuid_type": Text("应为 UUID", "must be a UUID"),
    "uuid_parsing": Text("应为 UUID", "must be a UUID"),
    "value_error": Text("{error}", "{error}"),
}  # fmt: skip
IN_BOTH_LANGUAGES = Text("{zh}", "{en}")
"""What `shared.validation` brings along."""
UNLISTED = Text("取值不正确（{msg}）", "{msg}")


class InvalidRequest(Invalid):
    """A request that does not fit the route's schema. Says in its detail where to look first."""

    def __init__(self, problems: Sequence[Mapping[str, Any]]) -> None:
        super().__init__([FieldError(_pointer(problem["loc"]), _sentence(problem)) for problem in problems])


@contextmanager
def document_rules() -> Iterator[None]:
    """Inside, a ValidationError is about a document that the caller sent, and becomes its InvalidRequest."""
    try:
        yield
    except ValidationError as broken:
        raise InvalidRequest([{**error, "loc": ("body", *error["loc"])} for error in broken.errors()]) from broken


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON pointer into the body (RFC 6901), or `?name` for a parameter."""
    where, *path = location
    if where != "body":
        return f"?{path[0] if path else where}"
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _sentence(problem: Mapping[str, Any]) -> Text:
    facts = {**problem.get("ctx", {}), "msg": problem["msg"]}
    unlisted = IN_BOTH_LANGUAGES if {"zh", "en"} <= facts.keys() else UNLISTED
    text = SENTENCES.get(problem["type"], unlisted)
    return Text(*(sentence.format_map(facts) for sentence in text))
