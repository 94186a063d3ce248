"""Who may do what in notification. Everybody reads their own inbox and keeps their own contact point."""

from shared.auth.actor import Permission

OFFICE = frozenset({"office", "office_head"})

READ_NOTICES = Permission(
    "read-notices",
    "查看发给该单位的通知",
    "read the notices to this unit",
    anywhere=OFFICE | {"leader", "auditor", "admin"},
    own_unit=frozenset({"liaison", "unit_head"}),
)
RETRY_DELIVERY = Permission("retry-delivery", "重发通知", "retry a delivery", anywhere=OFFICE | {"admin"})
KEEP_CONTACT_POINTS = Permission(
    "keep-contact-points", "维护他人的联系方式", "keep other people's contact points", anywhere=frozenset({"admin"})
)
