"""Sessions live in an encrypted cookie: the user's tokens and nothing else. The portal keeps no state."""

import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from shared.files import keep_secret

COOKIE = "duban_session"
KEY_FILE = "portal.key"
MAX_SECONDS = 12 * 3600
"""A working day; then one signs in again even where every token could still be refreshed."""


@dataclass(frozen=True, slots=True)
class Session:
    username: str
    access_token: str
    refresh_token: str
    expires_at: float
    """Unix seconds at which the access token ends."""
    signed_in_at: float
    csrf: str
    """Every form repeats it: another site can send the cookie along but cannot know this."""

    def allows(self, form_token: str) -> bool:
        return hmac.compare_digest(self.csrf.encode(), form_token.encode())


class Sessions:
    """Seals sessions into cookie values and opens them again."""

    def __init__(self, key: str, now: Callable[[], float] = time.time) -> None:
        self._fernet = Fernet(key)
        self._now = now

    def seal(self, session: Session) -> str:
        return self._fernet.encrypt(json.dumps(asdict(session)).encode()).decode()

    def open(self, cookie: str | None) -> Session | None:
        """None where there is no cookie, or one that is not ours, was changed, or has lived its time."""
        if not cookie:
            return None
        try:
            session = Session(**json.loads(self._fernet.decrypt(cookie.encode())))
        except (InvalidToken, ValueError, TypeError):
            return None
        return session if self._now() - session.signed_in_at < MAX_SECONDS else None


def new_form_token() -> str:
    return secrets.token_urlsafe(24)


def session_key(given: str, data: Path) -> str:
    """The key from the settings, or the one kept in the data folder, readable by its owner only."""
    return given or keep_secret(data / KEY_FILE, Fernet.generate_key().decode())
