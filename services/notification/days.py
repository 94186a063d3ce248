"""Days of the office. Every plan so far is kept in one zone; the rules see no plan row and could not ask for another."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
DAILY_HOUR = 9
"""The office's day begins: reminders fire, and the daily e-mail carries them."""


def day_of(instant: datetime) -> date:
    return instant.astimezone(ZONE).date()


def end_of(day: date) -> datetime:
    """The first instant after a day."""
    return datetime.combine(day + timedelta(days=1), time(), ZONE)


def daily_instant(day: date) -> datetime:
    """When the day's e-mail may go."""
    return datetime.combine(day, time(DAILY_HOUR), ZONE)
