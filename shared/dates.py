"""Days and periods as people say them, in mail and on pages alike."""

from datetime import date

from shared.errors import Text

QUARTERS = "一二三四"
HALVES = {"H1": Text("上半年", "the first half"), "H2": Text("下半年", "the second half")}
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = (
    Text("周一", "Mon"),
    Text("周二", "Tue"),
    Text("周三", "Wed"),
    Text("周四", "Thu"),
    Text("周五", "Fri"),
    Text("周六", "Sat"),
    Text("周日", "Sun"),
)


def weekday(day: date) -> Text:
    return WEEKDAYS[day.weekday()]


def in_full(day: date) -> Text:
    """2024年4月8日, 8 April 2024."""
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {MONTHS[day.month - 1]} {day.year}")


def month(year: int, number: int) -> Text:
    """2024年4月, April 2024."""
    return Text(f"{year}年{number}月", f"{MONTHS[number - 1]} {year}")


def period(key: str) -> Text:
    """A reporting period by its key: `2024-Q1` is 2024年第一季度, Q1 2024."""
    year, _, part = key.partition("-")
    match part[:1]:
        case "":
            return Text(f"{year}年", year)
        case "Q":
            return Text(f"{year}年第{QUARTERS[int(part[1]) - 1]}季度", f"{part} {year}")
        case "H":
            return Text(f"{year}年{HALVES[part].zh}", f"{HALVES[part].en} of {year}")
        case "W":
            return Text(f"{year}年第{int(part[1:])}周", f"week {int(part[1:])} of {year}")
    return month(int(year), int(part))
