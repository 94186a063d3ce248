"""Chinese and Arabic numerals, exactly."""

from __future__ import annotations

from decimal import Decimal

DIGITS = {"〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
PLACES = {"十": 10, "百": 100, "千": 1000}
CHINESE = "".join([*DIGITS, *PLACES])


def chinese_integer(text: str) -> int:
    """十七 → 17, 一百二十 → 120, 二〇 → 20; raises ValueError on anything else."""
    if not text or any(character not in CHINESE for character in text):
        raise ValueError(text)
    if not any(character in PLACES for character in text):
        return int("".join(str(DIGITS[character]) for character in text))
    total, digit = 0, None
    for character in text:
        if character in PLACES:
            total += PLACES[character] * (1 if digit is None else digit)
            digit = None
        else:
            digit = DIGITS[character]
    return total + (digit or 0)


def chinese_numeral(value: int) -> str:
    """17 → 十七, 120 → 一百二十, 105 → 一百零五; for the numbers of items, below 1000."""
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    digits = "零一二三四五六七八九"
    printed = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        printed += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and ones:
        printed += "零"
    return printed + (digits[ones] if ones or not value else "")


FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾", "一二三四五六七八九十")


def integer(text: str) -> int:
    text = text.translate(FORMAL)
    return int(text) if text.isdecimal() else chinese_integer(text)


def decimal(text: str) -> Decimal:
    """A number as printed, Arabic with thousands separators or Chinese."""
    if text[0].isdecimal():
        return Decimal(text.replace(",", ""))
    return Decimal(chinese_integer(text))


def magnitude(places: str) -> Decimal:
    """What a printed run of 十, 百, 千 multiplies by: 千 → 1000, empty → 1."""
    product = Decimal(1)
    for place in places:
        product *= PLACES[place]
    return product


def decimal_text(value: Decimal) -> str:
    """A decimal string, as numbers travel in the API: no exponent, no idle zeros."""
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
