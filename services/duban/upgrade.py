"""`duban db upgrade`: databases to this build's shape, topics with their partitions."""

from collections.abc import Callable

from services.duban.catalogue import WITH_DATABASE, service_kind
from services.duban.up import upgrade_databases
from shared.events.topics import TOPICS
from shared.runtime import open_bus_from


async def upgrade_everything(say: Callable[[str], None]) -> None:
    """Idempotent; run by one job before the services start. Raises DatabaseNewerThanCode."""
    await upgrade_databases()
    say(f"数据库已升级 databases are up to date: {', '.join(WITH_DATABASE)}")
    bus = open_bus_from(service_kind("task").settings())
    await bus.start()
    try:
        await bus.create_topics(TOPICS)
    finally:
        await bus.stop()
    say(f"主题就绪 topics are there: {', '.join(TOPICS)}")
