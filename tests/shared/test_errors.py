"""Errors: a code, a status and a sentence with its facts in two languages."""

import re
from collections.abc import Iterator

import pytest

from shared import errors
from shared.errors import (
    AppError,
    FieldError,
    Invalid,
    MayNot,
    NotAuthenticated,
    PreconditionFailed,
    Text,
    Unavailable,
    VersionConflict,
)

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AppError)]


class Late(AppError):
    code, status = "late", 422
    title = Text("迟了", "Late")
    detail = Text("已晚{days}天。", "{days} days late.")


def placeholders(sentence: str) -> Iterator[str]:
    return (name for name in re.findall(r"{(\w*)}", sentence))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("zh-CN", "已晚3天。"),
        ("zh", "已晚3天。"),
        ("", "已晚3天。"),
        ("fr", "已晚3天。"),
        ("en", "3 days late."),
        ("EN-us", "3 days late."),
    ],
)
def test_a_sentence_is_chinese_unless_english_is_asked_for(language: str, sentence: str) -> None:
    assert Late(days=3).sentence(language) == sentence


def test_the_message_of_the_exception_is_the_english_sentence() -> None:
    assert str(Late(days=3)) == "3 days late."


def test_facts_are_kept_and_never_read_as_placeholders() -> None:
    refused = Late(days="{days} {__class__}")
    assert refused.facts == {"days": "{days} {__class__}"}
    assert refused.sentence("en") == "{days} {__class__} days late."


def test_a_forgotten_fact_is_noticed_where_the_error_is_raised() -> None:
    with pytest.raises(KeyError, match="days"):
        Late()


def test_facts_of_one_error_are_not_those_of_another() -> None:
    first = VersionConflict(headers={"X": "1"})
    assert VersionConflict().headers == {}
    assert first.headers == {"X": "1"}


def test_faults_of_fields_are_counted() -> None:
    fault = FieldError("/done", Text("不能为空", "must not be empty"))
    refused = Invalid([fault, fault])
    assert refused.errors == (fault, fault)
    assert refused.sentence("zh") == "有 2 处内容需要修改，见 errors。"


def test_a_caller_without_a_token_is_told_how_to_bring_one() -> None:
    assert NotAuthenticated().headers == {"WWW-Authenticate": "Bearer"}


def test_a_busy_system_says_when_to_come_back() -> None:
    refused = Unavailable(seconds=7)
    assert refused.headers == {"Retry-After": "7"}
    assert "7" in refused.sentence("zh")
    assert "7" in refused.sentence("en")


def test_a_refusal_names_what_may_not_be_done() -> None:
    assert MayNot(what="审核报告", what_en="review reports").sentence("zh") == "您的角色不能审核报告。"


def test_a_stale_version_names_the_current_one() -> None:
    assert '"3"' in PreconditionFailed(etag='"3"').sentence("en")


def test_codes_are_unique_and_stable_in_form() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_both_languages_say_something_and_states_are_failures(kind: type[AppError]) -> None:
    assert 400 <= kind.status < 600
    assert all([kind.title.zh, kind.title.en, kind.detail.zh, kind.detail.en])
    assert {name.removesuffix("_en") for name in placeholders(kind.detail.en)} == set(placeholders(kind.detail.zh))
