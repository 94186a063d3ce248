"""Days in a plan's zone. Due on D means received before D+1 00:00 there, by the server's clock (DOMAIN.md section 0)."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

OFFICE_ZONE = "Asia/Shanghai"
"""Of every plan, and of what spans plans."""
RUNG_HOUR = 9
"""Reminders and escalations go out at the start of the office's day."""


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def day_of(instant: datetime, zone_name: str) -> date:
    """The calendar day of an instant in the plan's zone."""
    return instant.astimezone(zone(zone_name)).date()


def shown_time(instant: datetime, zone_name: str) -> str:
    """An instant as a sentence names it, e.g. 2024-04-08 09:00."""
    return instant.astimezone(zone(zone_name)).strftime("%Y-%m-%d %H:%M")


def end_of(day: date, zone_name: str) -> datetime:
    """The first instant after a day: what was received before it was received on that day."""
    return datetime.combine(day + timedelta(days=1), time(), zone(zone_name))


def start_of(day: date, zone_name: str) -> datetime:
    return datetime.combine(day, time(), zone(zone_name))


def rung_instant(day: date, zone_name: str) -> datetime:
    return datetime.combine(day, time(RUNG_HOUR), zone(zone_name))
