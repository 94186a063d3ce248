"""The floor of a submit: a bare FastAPI route that makes two inserts in one transaction through asyncpg."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI, Request

CREATE = """
CREATE TABLE IF NOT EXISTS floor_report (id bigserial PRIMARY KEY, key text NOT NULL, body text NOT NULL);
CREATE TABLE IF NOT EXISTS floor_outbox (id bigserial PRIMARY KEY, key text NOT NULL, body text NOT NULL);
"""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["FLOOR_DATABASE"], min_size=10, max_size=10) as pool:
        await pool.execute(CREATE)
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.put("/reports/{key}")
async def put_report(key: str, request: Request) -> dict[str, str]:
    body = json.dumps(await request.json(), ensure_ascii=False)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute("INSERT INTO floor_report (key, body) VALUES ($1, $2)", key, body)
        await connection.execute("INSERT INTO floor_outbox (key, body) VALUES ($1, $2)", key, body)
    return {"key": key}
