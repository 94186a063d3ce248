"""Passwords: argon2id in a few threads of its own, so that a flood of sign-ins takes neither the memory nor the loop."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.errors import Unavailable

MAX_LENGTH = 128
"""Longer ones are refused when set and fail when tried, before anything is hashed."""
THREADS = 2
MAX_WAITING = 64
"""Sign-ins in the queue; at about 50 ms each, later ones would wait for seconds and are told to come back."""
T = TypeVar("T")
_argon2id = PasswordHash([Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)])
"""OWASP's second choice: 19 MiB, two passes, one lane."""


class HashedPassword(NamedTuple):
    """What a password leaves behind: its hash, and itself only where it was made here, to be told once."""

    hash: str
    made: str | None


class Passwords:
    """Hashes and verifies. One for each process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2id")
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        return await self._in_thread(_argon2id.hash, password)

    async def renew(self, chosen: str | None) -> HashedPassword:
        """A person's new password, made here unless it was chosen."""
        made = None if chosen else make_secret()
        return HashedPassword(await self.hash(chosen or made or ""), made)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password is right. Takes the same time where there is nothing stored to compare it with."""
        if len(password) > MAX_LENGTH:
            return False
        if stored is None:
            self._nobody = self._nobody or await self.hash("nobody's password")
        right = await self._in_thread(_argon2id.verify, password, stored or self._nobody)
        return right and stored is not None

    async def _in_thread(self, work: Callable[..., T], *given: str) -> T:
        if self._waiting >= MAX_WAITING:
            raise Unavailable
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)
        finally:
            self._waiting -= 1


def make_secret() -> str:
    return secrets.token_urlsafe(24)
