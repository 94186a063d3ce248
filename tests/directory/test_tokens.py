"""Signing in, staying signed in, and what ends it."""

import asyncio
import base64
from datetime import timedelta

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from services.directory.commands.attempts import PER_ACCOUNT, PER_ADDRESS, WINDOW
from services.directory.commands.tokens import REUSE_GRACE
from shared.auth import TokenVerifier
from shared.auth.keys import KnownKeys, known_keys_table
from shared.testing.locks import until_another_waits
from tests.directory.conftest import ADMIN_PASSWORD, Directory


async def test_the_answer_has_the_fixed_form(directory: Directory) -> None:
    answer = await directory.sign_in("admin", ADMIN_PASSWORD)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)


async def test_a_token_tells_account_and_epoch_and_no_roles(directory: Directory) -> None:
    tokens = (await directory.sign_in("admin", ADMIN_PASSWORD)).json()
    keys = KeySet.import_key_set((await directory.client.get("/jwks.json")).json())
    token = jwt.decode(tokens["access_token"], keys, algorithms=["RS256"])
    assert token.header == {"typ": "JWT", "alg": "RS256", "kid": keys.keys[0].kid}
    assert token.claims.keys() == {"iss", "aud", "sub", "iat", "exp", "jti", "preferred_username", "auth_epoch"}
    assert token.claims["exp"] - token.claims["iat"] == 300


async def test_another_service_verifies_with_the_published_keys(directory: Directory) -> None:
    async def fetch() -> list[dict[str, object]]:
        keys: list[dict[str, object]] = (await directory.client.get("/jwks.json")).json()["keys"]
        return keys

    table = known_keys_table(directory.service.tables.log.metadata)
    verifier = TokenVerifier("duban", "duban", KnownKeys(directory.service.database, table, fetch))
    tokens = (await directory.sign_in("admin", ADMIN_PASSWORD)).json()
    assert (await verifier.verify(tokens["access_token"])).username == "admin"


async def test_private_parts_are_never_published(directory: Directory) -> None:
    (key,) = (await directory.client.get("/jwks.json")).json()["keys"]
    assert key.keys() == {"kty", "n", "e", "kid", "use", "alg"}


async def test_answering_with_the_key_set_opens_no_key_again(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("services.directory.signing.RSAKey.import_key", lambda pem, *_, **__: opened.append(pem))
    assert (await directory.client.get("/jwks.json")).json()["keys"]
    assert opened == []


async def test_discovery_leads_to_the_token_endpoint_and_the_keys(directory: Directory) -> None:
    document = (await directory.client.get("/.well-known/openid-configuration")).json()
    assert document["jwks_uri"].endswith("/api/directory/v1/jwks.json")
    assert document["token_endpoint"].endswith("/api/directory/v1/token")
    assert document["revocation_endpoint"] == f"{document['token_endpoint']}/revoke"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("admin", "wrong"),
        ("admin", ""),
        ("nobody", ADMIN_PASSWORD),
        ("", ""),
        ("admin' --", "x"),
        ("admin", ADMIN_PASSWORD + "\0"),
        ("admin", "x" * 1000),
        ("admin", ADMIN_PASSWORD[:-1]),
    ],
)
async def test_a_wrong_name_and_a_wrong_password_get_one_answer(
    directory: Directory, username: str, password: str
) -> None:
    answer = await directory.sign_in(username, password)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:duban:problem:login-failed"
    assert answer.json()["error"] == "invalid_grant"


def hashed_passwords(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is given to the hash from now on."""
    hashed: list[str] = []
    work_in_thread = directory.app.state.passwords._in_thread

    async def noted(work: object, *given: str) -> object:
        hashed.append(given[0])
        return await work_in_thread(work, *given)

    monkeypatch.setattr(directory.app.state.passwords, "_in_thread", noted)
    return hashed


async def test_an_unknown_name_costs_a_hash_too(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = hashed_passwords(directory, monkeypatch)
    await directory.sign_in("nobody", "guess")
    assert "guess" in hashed


async def test_a_password_of_a_megabyte_is_refused_unhashed(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = hashed_passwords(directory, monkeypatch)
    answer = await directory.sign_in("admin", "x" * 1_000_000)
    assert (answer.status_code, hashed) == (422, [])


@pytest.mark.parametrize("form", [{}, {"grant_type": "implicit"}, {"grant_type": "password "}])
async def test_another_grant_is_refused_in_the_words_of_oauth(directory: Directory, form: dict[str, str]) -> None:
    answer = await directory.client.post("/token", data=form)
    assert answer.status_code in (400, 422)
    if "grant_type" in form:
        assert answer.json()["error"] == "unsupported_grant_type"


async def test_an_account_tries_ten_times_in_a_quarter_of_an_hour(either: Directory) -> None:
    for _ in range(PER_ACCOUNT):
        assert (await either.sign_in("admin", "wrong")).status_code == 401
    refused = await either.sign_in("admin", ADMIN_PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW.total_seconds()
    either.clock.ahead = WINDOW + timedelta(seconds=1)
    assert (await either.sign_in("admin", ADMIN_PASSWORD)).status_code == 200


async def test_attempts_at_once_are_limited_all_the_same(either: Directory) -> None:
    answers = await asyncio.gather(*(either.sign_in("admin", f"guess {n}") for n in range(PER_ACCOUNT * 2)))
    assert [answer.status_code for answer in answers].count(401) == PER_ACCOUNT


async def test_success_forgives_earlier_failures(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.directory.commands.attempts.PER_ACCOUNT", 3)
    for _ in range(2):
        for _ in range(2):
            await directory.sign_in("admin", "wrong")
        assert (await directory.sign_in("admin", ADMIN_PASSWORD)).status_code == 200


async def test_one_address_cannot_try_many_names(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.directory.commands.attempts.PER_ADDRESS", 3)
    answers = [await directory.sign_in(f"name{n}", "password1") for n in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert PER_ADDRESS > 3


async def test_a_refresh_token_gives_the_next(either: Directory) -> None:
    first = (await either.sign_in("admin", ADMIN_PASSWORD)).json()
    second = await either.refresh(first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert (await either.refresh(second.json()["refresh_token"])).status_code == 200


async def test_two_tabs_may_refresh_at_the_same_time(either: Directory) -> None:
    token = (await either.sign_in("admin", ADMIN_PASSWORD)).json()["refresh_token"]
    answers = await asyncio.gather(either.refresh(token), either.refresh(token))
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_refresh_token_that_comes_back_later_ends_the_whole_session(either: Directory) -> None:
    stolen = (await either.sign_in("admin", ADMIN_PASSWORD)).json()["refresh_token"]
    newer = (await either.refresh(stolen)).json()["refresh_token"]
    other_session = (await either.sign_in("admin", ADMIN_PASSWORD)).json()["refresh_token"]
    either.clock.ahead = REUSE_GRACE + timedelta(seconds=1)
    assert (await either.refresh(stolen)).json()["type"] == "urn:duban:problem:session-ended"
    assert (await either.refresh(newer)).status_code == 401
    assert (await either.refresh(other_session)).status_code == 200


async def test_a_session_that_rests_too_long_ends(directory: Directory) -> None:
    token = (await directory.sign_in("admin", ADMIN_PASSWORD)).json()["refresh_token"]
    directory.clock.ahead = timedelta(hours=12, seconds=1)
    assert (await directory.refresh(token)).status_code == 401


async def test_a_revoked_refresh_token_ends_its_whole_session_and_no_other(either: Directory) -> None:
    first = (await either.sign_in("admin", ADMIN_PASSWORD)).json()["refresh_token"]
    second = (await either.refresh(first)).json()["refresh_token"]
    other_session = (await either.sign_in("admin", ADMIN_PASSWORD)).json()["refresh_token"]
    assert (await either.client.post("/token/revoke", data={"token": second})).status_code == 200
    assert [(await either.refresh(token)).status_code for token in (first, second)] == [401, 401]
    assert (await either.refresh(other_session)).status_code == 200


async def test_a_session_that_ends_while_it_is_renewed_stays_ended(either: Directory) -> None:
    first = (await either.sign_in("admin", ADMIN_PASSWORD)).json()["refresh_token"]
    second = (await either.refresh(first)).json()["refresh_token"]
    sign_in = either.app.state.sign_in
    async with either.service.database.write() as connection:
        _, third = await sign_in._rotate(connection, first)
        ending = asyncio.create_task(sign_in.end_session(second))
        await until_another_waits(connection)
    await ending
    assert (await either.refresh(third)).status_code == 401


@pytest.mark.parametrize("token", ["made up", "x" * 1000])
async def test_revoking_what_is_no_token_says_the_same(directory: Directory, token: str) -> None:
    assert (await directory.client.post("/token/revoke", data={"token": token})).status_code == 200


@pytest.mark.parametrize("token", ["", "made up", "x" * 1000])
async def test_a_made_up_refresh_token_is_refused(directory: Directory, token: str) -> None:
    assert (await directory.refresh(token)).json()["error"] == "invalid_grant"


async def test_refresh_tokens_are_not_kept_in_the_clear(directory: Directory) -> None:
    token = (await directory.sign_in("admin", ADMIN_PASSWORD)).json()["refresh_token"]
    async with directory.service.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM refresh_tokens")).all()
    assert token not in str(rows)


async def client_token(directory: Directory, client_id: str, secret: str, *, basic: bool) -> httpx.Response:
    if basic:
        encoded = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {encoded}"}
        return await directory.client.post("/token", data={"grant_type": "client_credentials"}, headers=headers)
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return await directory.client.post("/token", data=form)


@pytest.mark.parametrize("basic", [True, False])
async def test_a_machine_signs_in_with_its_secret(admin: Directory, basic: bool) -> None:
    client = (await admin.client.post("/clients", json={"client_id": "feed", "unit": "futian"})).json()
    tokens = (await client_token(admin, "feed", client["client_secret"], basic=basic)).json()
    assert tokens["refresh_token"] is None
    me = await admin.client.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert (me.json()["username"], me.json()["roles"]) == ("feed", ["machine"])


async def test_a_machine_with_a_wrong_or_former_secret_is_refused(admin: Directory) -> None:
    former = (await admin.client.post("/clients", json={"client_id": "feed"})).json()["client_secret"]
    await admin.client.post("/clients/feed/renew-secret")
    for secret in ("wrong", former, ""):
        answer = await client_token(admin, "feed", secret, basic=False)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (await client_token(admin, "feed", "x", basic=True)).status_code == 401


async def test_a_person_cannot_sign_in_as_a_machine_nor_a_machine_as_a_person(admin: Directory) -> None:
    secret = (await admin.client.post("/clients", json={"client_id": "feed"})).json()["client_secret"]
    assert (await admin.sign_in("feed", secret)).status_code == 401
    assert (await client_token(admin, "admin", ADMIN_PASSWORD, basic=False)).status_code == 401
