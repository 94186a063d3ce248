import pytest

from shared.settings import ServiceSettings


def test_a_service_prefers_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATABASE_URL", "postgresql://common")
    monkeypatch.setenv("DUBAN_TASK_DATABASE_URL", "postgresql://own")
    assert ServiceSettings.for_service("task").database_url.get_secret_value() == "postgresql://own"
    assert ServiceSettings.for_service("reporting").database_url.get_secret_value() == "postgresql://common"


def test_the_address_that_users_see_follows_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUBAN_URL", raising=False)
    assert ServiceSettings(port=9000).url == "http://127.0.0.1:9000"


def test_the_address_where_others_reach_a_service_is_not_its_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_URL", "http://duban.example")
    monkeypatch.setenv("DUBAN_TASK_URL", "http://task:8080")
    settings = ServiceSettings.for_service("task")
    assert (settings.url, settings.task_url) == ("http://duban.example", "http://task:8080")
