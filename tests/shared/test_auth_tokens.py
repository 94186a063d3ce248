"""Access tokens: what is believed, and that nothing else is."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import RSAKey
from sqlalchemy import MetaData

from shared.auth import TokenVerifier
from shared.auth.keys import FETCH_PAUSE_SECONDS, KnownKeys, known_keys_table
from shared.auth.tokens import LEEWAY_SECONDS, MAX_CACHED
from shared.db import Database
from shared.errors import NotAuthenticated
from tests.shared.small_service import KEY, Keys, claims, token

ME = UUID("01920000-0000-7000-8000-000000000001")
HEADER = {"alg": "RS256", "kid": KEY.kid}
STRANGER = RSAKey.generate_key(2048)
Signer = Callable[[bytes], bytes]


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class CountingKeys(Keys):
    asked = 0

    async def find(self, kid: str) -> RSAKey | None:
        self.asked += 1
        return await super().find(kid)


def verifier(now: Callable[[], float] = time.time, keys: Keys | None = None) -> TokenVerifier:
    return TokenVerifier("duban", "duban", keys or Keys(), now)


def by(key: RSAKey) -> Signer:
    private = key.private_key
    assert private is not None
    return lambda signed: private.sign(signed, PKCS1v15(), SHA256())


def by_hmac(secret: bytes) -> Signer:
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()


def forge(header: dict[str, Any], sign: Signer, **changed: Any) -> str:
    signed = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims(ME, **changed)).encode())}"
    return f"{signed}.{_part(sign(signed.encode()))}"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


async def test_a_token_of_ours_proves_account_and_epoch() -> None:
    proof = await verifier().verify(token(ME, auth_epoch=3))
    assert (proof.account_id, proof.username, proof.epoch) == (ME, "futian", 3)


async def test_the_forging_of_these_tests_is_believed_where_nothing_is_forged() -> None:
    assert (await verifier().verify(forge(HEADER, by(KEY)))).account_id == ME


FORGED: dict[str, Callable[[], str]] = {
    "nobody signed it": lambda: forge({**HEADER, "alg": "none"}, lambda _signed: b""),
    "signed by a stranger": lambda: forge(HEADER, by(STRANGER)),
    "HMAC with our public key as the secret": lambda: forge(
        {**HEADER, "alg": "HS256"}, by_hmac(KEY.as_pem(private=False))
    ),
    "HMAC behind a header that says RS256": lambda: forge(HEADER, by_hmac(KEY.as_pem(private=False))),
    "another RSA algorithm": lambda: forge({**HEADER, "alg": "RS384"}, by(KEY)),
    "no algorithm": lambda: forge({"kid": KEY.kid}, by(KEY)),
    "no key id": lambda: forge({"alg": "RS256"}, by(KEY)),
    "unknown key id": lambda: forge({**HEADER, "kid": "other"}, by(KEY)),
    "key id that is a path": lambda: forge({**HEADER, "kid": "../../dev/null"}, by(KEY)),
    "key id that is SQL": lambda: forge({**HEADER, "kid": "' OR 1=1 --"}, by(KEY)),
    "key id that is not text": lambda: forge({**HEADER, "kid": ["x"]}, by(KEY)),
    "brings its own key": lambda: forge({**HEADER, "jwk": STRANGER.as_dict(private=False)}, by(STRANGER)),
    "says where its key lies": lambda: forge({**HEADER, "jku": "http://127.0.0.1:1/keys"}, by(KEY)),
    "names a certificate": lambda: forge({**HEADER, "x5u": "http://127.0.0.1:1/cert"}, by(KEY)),
    "critical header": lambda: forge({**HEADER, "crit": ["b64"], "b64": False}, by(KEY)),
    "expired": lambda: token(ME, exp=int(time.time()) - LEEWAY_SECONDS - 5),
    "without expiry": lambda: token(ME, exp=None),
    "expiry that is not a number": lambda: forge(HEADER, by(KEY), exp="never"),
    "issued in the future": lambda: token(ME, iat=int(time.time()) + LEEWAY_SECONDS + 600),
    "without time of issue": lambda: token(ME, iat=None),
    "not valid yet": lambda: token(ME, nbf=int(time.time()) + LEEWAY_SECONDS + 600),
    "another issuer": lambda: token(ME, iss="elsewhere"),
    "without issuer": lambda: token(ME, iss=None),
    "another audience": lambda: token(ME, aud="elsewhere"),
    "without audience": lambda: token(ME, aud=None),
    "without subject": lambda: token(ME, sub=None),
    "subject that is no account": lambda: token(ME, sub="admin"),
    "without epoch": lambda: token(ME, auth_epoch=None),
    "cut": lambda: token(ME)[:-10],
    "changed after signing": lambda: token(ME).replace(".", ".e", 1),
    "too long": lambda: token(ME, padding="x" * 5000),
    "not a token": lambda: "futian",
    "empty": lambda: "",
    "not ASCII": lambda: "福田.福田.福田",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_or_spoilt_token_is_refused(forged: Callable[[], str]) -> None:
    with pytest.raises(NotAuthenticated):
        await verifier().verify(forged())


async def test_a_verified_token_is_not_verified_again() -> None:
    keys = CountingKeys()
    checked = verifier(keys=keys)
    mine = token(ME)
    await checked.verify(mine)
    await checked.verify(mine)
    assert keys.asked == 1


async def test_a_remembered_token_expires_all_the_same() -> None:
    clock = Clock()
    checked = verifier(clock)
    mine = token(ME)
    await checked.verify(mine)
    clock.now += 300 + LEEWAY_SECONDS + 1
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            await checked.verify(mine)


async def test_remembered_tokens_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.auth.tokens.MAX_CACHED", 3)
    checked = verifier()
    for n in range(5):
        await checked.verify(token(ME, jti=str(n)))
    assert len(checked._verified) == 3
    assert MAX_CACHED > 3


class Directory:
    """The directory's key set as the network gives it."""

    def __init__(self, *keys: RSAKey) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.answers = True

    async def __call__(self) -> Sequence[dict[str, Any]]:
        self.asked += 1
        if not self.answers:
            raise httpx.ConnectError("refused")
        return [dict(key.as_dict(private=False)) for key in self.keys]


@pytest.fixture
async def database(tmp_path: Path) -> Any:
    database = Database(f"sqlite:///{tmp_path / 'keys.db'}")
    async with database.write() as connection:
        await connection.run_sync(TABLE.metadata.create_all)
    yield database
    await database.close()


TABLE = known_keys_table(MetaData())


async def test_keys_are_fetched_once_and_survive_a_restart_without_the_directory(database: Database) -> None:
    directory = Directory(KEY)
    assert await KnownKeys(database, TABLE, directory).find(str(KEY.kid))
    directory.answers = False
    assert await KnownKeys(database, TABLE, directory).find(str(KEY.kid))
    assert directory.asked == 1


async def test_a_flood_of_unknown_key_ids_asks_the_directory_once(database: Database) -> None:
    directory = Directory(KEY)
    known = KnownKeys(database, TABLE, directory, Clock())
    for n in range(20):
        assert await known.find(f"unknown-{n}") is None
    assert directory.asked == 1


async def test_a_new_key_is_found_after_the_pause(database: Database) -> None:
    directory, clock = Directory(KEY), Clock()
    known = KnownKeys(database, TABLE, directory, clock)
    await known.find(str(KEY.kid))
    rotated = RSAKey.generate_key(2048, auto_kid=True)
    directory.keys.append(rotated)
    assert await known.find(str(rotated.kid)) is None
    clock.now += FETCH_PAUSE_SECONDS
    assert await known.find(str(rotated.kid))


async def test_a_directory_that_does_not_answer_makes_a_token_unknown_and_nothing_worse(database: Database) -> None:
    directory = Directory()
    directory.answers = False
    assert await KnownKeys(database, TABLE, directory).find("any") is None


async def test_only_public_parts_of_keys_are_kept(database: Database) -> None:
    async def careless() -> Sequence[dict[str, Any]]:
        return [dict(KEY.as_dict(private=True)), {"kid": "secret", "kty": "oct", "k": "AAAA"}]

    known = KnownKeys(database, TABLE, careless)
    key = await known.find(str(KEY.kid))
    assert key is not None
    assert not key.is_private
    assert await known.find("secret") is None
