"""Named places where a test may kill, stop or fail this process.

`DUBAN_FAULT=relay.after_publish:2:KILL` kills at the second pass. Without the variable a faultpoint is one comparison.
"""

import os
import signal
from collections import Counter

_spec = os.environ.get("DUBAN_FAULT", "")
_name, _, _rest = _spec.partition(":")
_nth, _, _action = _rest.partition(":")
_passes: Counter[str] = Counter()


class FaultInjected(Exception):
    """Raised at a faultpoint that was told to fail."""


def faultpoint(name: str) -> None:
    """Do nothing, unless a test named this place."""
    if name != _name:
        return
    _passes[name] += 1
    if _passes[name] != int(_nth or 1):
        return
    if _action == "RAISE":
        raise FaultInjected(name)
    os.kill(os.getpid(), signal.SIGSTOP if _action == "STOP" else signal.SIGKILL)
