"""People who read reporting: a signing key that it trusts, and tokens of the story's accounts."""

from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import insert

from shared.auth.keys import known_keys_table
from shared.clock import system_now
from tests.reporting.story import account_id

KEY = RSAKey.generate_key(2048, {"kid": "test"})


async def know_key(app: FastAPI) -> None:
    """Let an application trust tokens signed with KEY."""
    service = app.state.service
    keys = known_keys_table(service.tables.log.metadata)
    async with service.database.write() as connection:
        await connection.execute(insert(keys).values(kid="test", jwk=KEY.as_dict(private=False), seen_at=system_now()))


def signed_in(name: str) -> dict[str, str]:
    """The header that carries a fresh token of this account."""
    issued = int(system_now().timestamp())
    claims = {
        "iss": "duban",
        "aud": "duban",
        "sub": str(account_id(name)),
        "preferred_username": name,
        "auth_epoch": 1,
        "iat": issued,
        "exp": issued + 300,
    }
    return {"Authorization": f"Bearer {jwt.encode({'alg': 'RS256', 'kid': 'test'}, claims, KEY)}"}
