"""Topic names; the only place where they are written."""

PARTITIONS = 12
SERVICES = ("directory", "task", "notification", "reporting")


def topic_of(service: str) -> str:
    return f"duban.{service}.v1"


TOPICS = {topic_of(service): PARTITIONS for service in SERVICES}
