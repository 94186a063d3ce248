"""Who may do what in directory: the table of DESIGN.md section 9 as data."""

from shared.auth import Permission

ADMIN = frozenset({"admin"})

MANAGE_UNITS = Permission("manage-units", "维护单位和单位组", "maintain units and groups", anywhere=ADMIN)
MANAGE_ACCOUNTS = Permission("manage-accounts", "管理账号", "manage accounts", anywhere=ADMIN)
MANAGE_CLIENTS = Permission("manage-clients", "管理机器账号", "manage machine clients", anywhere=ADMIN)
