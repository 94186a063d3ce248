"""GET events: the feed for machines and auditors, by gapless position."""

import pytest

from shared.bus.embedded import EmbeddedBus
from shared.events.topics import TOPICS
from tests.task.city import City, problem


async def relay_everything(city: City) -> None:
    bus = city.service.bus
    assert isinstance(bus, EmbeddedBus)
    await bus.start()
    await bus.create_topics(TOPICS)
    while await city.service.relay.relay_once():
        pass
    await bus.stop()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        ("office-head", 200),
        ("auditor", 200),
        ("feed-robot", 200),
        ("futian-robot", 403),
        ("futian", 403),
        ("office", 403),
        ("elsewhere", 403),
        ("leader", 403),
        ("admin", 403),
        ("coordinator", 403),
    ],
)
async def test_the_feed_is_for_auditors_and_machines_that_are_bound_to_no_unit(
    city: City, who: str | None, status: int
) -> None:
    assert (await city.ask(who, "GET", "events")).status_code == status


async def test_an_auditor_of_one_plan_does_not_read_all_of_them(city: City) -> None:
    await city.hear([city.people.account("auditor", plans=["harbour"])])
    assert (await city.ask("auditor", "GET", "events")).status_code == 403


async def test_what_is_not_on_the_bus_is_not_in_the_feed(city: City) -> None:
    assert await city.get("auditor", "events") == {"items": [], "next": 0}


async def test_positions_have_no_gap_and_every_event_comes_once(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    await relay_everything(either)
    seen, after = [], 0
    while page := await either.get("feed-robot", "events", after=after, limit=5):
        if not page["items"]:
            break
        seen += page["items"]
        after = page["next"]
    assert [item["position"] for item in seen] == list(range(1, await either.count_events() + 1))
    assert [item["event"]["type"] for item in seen][:2] == ["plan.published", "plan.measure_published"]
    assert {item["event"]["type"] for item in seen} >= {"report.submitted", "assignment.acknowledged"}


async def test_an_item_is_a_structured_cloudevent(city: City) -> None:
    await relay_everything(city)
    [item] = (await city.get("auditor", "events", limit=1))["items"]
    event = item["event"]
    assert (event["specversion"], event["source"], event["aggregateversion"]) == ("1.0", "/duban/task", 1)
    assert event["data"]["plan"] == "harbour"


async def test_the_end_of_the_feed_says_where_to_go_on(city: City) -> None:
    await relay_everything(city)
    last = await city.count_events()
    assert await city.get("auditor", "events", after=last) == {"items": [], "next": last}


@pytest.mark.parametrize("after", ["-1", "x", "1.5", str(2**63), "9" * 30])
async def test_a_position_that_cannot_be_is_refused(either: City, after: str) -> None:
    answer = await either.ask("auditor", "GET", "events", params={"after": after})
    assert (answer.status_code, problem(answer)) == (422, "invalid-input")


async def test_the_furthest_position_is_merely_empty(either: City) -> None:
    assert (await either.get("auditor", "events", after=2**63 - 1))["items"] == []
