"""Who may do what in reporting. What a reader sees of a plan is decided in `queries.plans`, from units and not from roles."""

from shared.auth import Permission

REBUILD = Permission("rebuild", "重建投影", "rebuild a projection", anywhere=frozenset({"admin"}))
