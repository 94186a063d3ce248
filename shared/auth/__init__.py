"""Who is calling and what they may do: tokens prove an account, the service's own read model says the rest."""

from shared.auth.accounts import ActorSource, KnownAccount, KnownAccounts, find_actor, know_account
from shared.auth.actor import Actor, Permission, Scope
from shared.auth.tokens import Proof, TokenVerifier

__all__ = [
    "Actor",
    "ActorSource",
    "KnownAccount",
    "KnownAccounts",
    "Permission",
    "Proof",
    "Scope",
    "TokenVerifier",
    "find_actor",
    "know_account",
]
