import subprocess
import sys

MEBIBYTE = 1024 * 1024
HASHING = """
import asyncio, psutil, sys
from services.directory.passwords import Passwords
from services.duban.memory import return_large_blocks

async def hash_some() -> None:
    passwords = Passwords()
    await asyncio.gather(*(passwords.hash("a long password") for _ in range(6)))

if "return" in sys.argv:
    return_large_blocks()
before = psutil.Process().memory_info().rss
asyncio.run(hash_some())
print(psutil.Process().memory_info().rss - before)
"""


def kept_after_hashing(*arguments: str) -> int:
    """Bytes that a fresh process holds more of once it has hashed some passwords."""
    done = subprocess.run([sys.executable, "-c", HASHING, *arguments], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_hashed_passwords_leave_no_memory_behind() -> None:
    assert kept_after_hashing("return") < 10 * MEBIBYTE
