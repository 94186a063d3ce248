"""Races made certain: a test goes on only when the other one stands at the lock."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.testing.settle import eventually

NOT_GRANTED = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


async def until_another_waits(connection: AsyncConnection) -> None:
    """Until another transaction waits for a lock of this one. On SQLite it does from the start: one writes."""

    async def waits() -> bool:
        return connection.dialect.name == "sqlite" or bool((await connection.execute(NOT_GRANTED)).scalar_one())

    await eventually(waits, "nobody waits for this transaction")
