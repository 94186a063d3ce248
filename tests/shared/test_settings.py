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


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("10.1.2.3", "http://10.1.2.3:9000"),
        ("fd00::1", "http://[fd00::1]:9000"),
    ],
)
def test_in_one_process_the_services_meet_without_the_proxy_that_users_come_through(host: str, own: str) -> None:
    settings = ServiceSettings(host=host, port=9000, url="https://duban.example")
    assert (settings.directory_url, settings.reporting_url) == (own, own)


def test_apart_they_meet_at_the_public_address_unless_told_otherwise() -> None:
    settings = ServiceSettings(bus_url="kafka://kafka:9092", url="https://duban.example")
    assert settings.directory_url == "https://duban.example"


def test_the_address_where_others_reach_a_service_is_not_its_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_URL", "http://duban.example")
    monkeypatch.setenv("DUBAN_TASK_URL", "http://task:8080")
    settings = ServiceSettings.for_service("task")
    assert (settings.url, settings.task_url) == ("http://duban.example", "http://task:8080")
