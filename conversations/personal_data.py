"""Finding personal data that has a form: e-mail addresses, phone numbers, payment cards, bank accounts, IP addresses.

By form and check digits, in any language; phone numbers by the numbering plans of `phonenumbers`. Names, addresses,
birthdays and national numbers have no form that could be told from others, and are not found.
docs/decisions/0031-redaction.md has the measurement.
"""

import ipaddress
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

import phonenumbers

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "CH", "AT", "NL", "BE", "IN", "BR", "AU", "JP", "PL", "SE", "MX")
"""Whose national way of writing a number is understood; with a + any country's is."""


class Found(NamedTuple):
    kind: str
    start: int
    end: int


_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w](?:[\w-]{0,61}[\w])?\.)+[^\W\d_]{2,24}(?![\w-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]){11,30}\b")
_CARD = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d-]|[.,]\d)")
_PHONE = re.compile(r"(?<![\w.,/+-])(?:\+|\(|00)?\d[\d\s().\-/\u00a0]{5,20}\d(?![\w-]|[.,]\d)")
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?:[\sT]+\d{1,2}(?::\d\d)*)?")
_IP = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})(?![\w:]|\.\d)")
_NATIONAL = re.compile(r"\(?0[1-9\s]|\(?[2-9]\d\d\)?[-. ]\d{3}[-. ]\d{4}$")
_DIGITS = re.compile(r"\D")


def find(text: str) -> list[Found]:
    """What was found, in order, none overlapping another."""
    taken: list[Found] = []
    for one in _all(text):
        place = bisect_left(taken, one.start, key=_start)
        before = place > 0 and taken[place - 1].end > one.start
        after = place < len(taken) and taken[place].start < one.end
        if not (before or after):
            taken.insert(place, one)
    return taken


def _start(one: Found) -> int:
    return one.start


def _all(text: str) -> Iterator[Found]:
    """The surest kinds first: what they take is not taken for something else."""
    if "@" in text:
        yield from (Found("email", *match.span()) for match in _EMAIL.finditer(text))
    yield from (Found("account", match.start(), end) for match in _IBAN.finditer(text) if (end := _iban_end(match)))
    yield from (Found("card", *match.span()) for match in _CARD.finditer(text) if _is_card(match[0]))
    yield from (Found("ip", *match.span()) for match in _IP.finditer(text) if _is_ip(match[0]))
    yield from (Found("phone", *match.span()) for match in _PHONE.finditer(text) if _is_phone(match[0]))


def _iban_end(match: "re.Match[str]") -> int:
    """Where the account number ends, 0 where there is none: words in capitals may follow it."""
    said = match[0]
    for end in range(len(said), 14, -1):
        plain = said[:end].replace(" ", "")
        if said[end - 1] != " " and 15 <= len(plain) <= 34 and _is_iban(plain):
            return match.start() + end
    return 0


def _is_iban(plain: str) -> bool:
    """ISO 13616: the country's letters as numbers, modulo 97."""
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def _is_card(said: str) -> bool:
    """ISO 7812: the check digit of Luhn, and a first digit that cards have."""
    digits = [int(one) for one in _DIGITS.sub("", said)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return digits[0] in {2, 3, 4, 5, 6} and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_ip(said: str) -> bool:
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return False
    return address.is_global or (address.is_private and not (address.is_unspecified or address.is_loopback))


def _is_phone(said: str) -> bool:
    """With a + or 00 any country's; otherwise as countries write theirs that begin with 0, or as in North America."""
    if "\n" in said or _DATE.fullmatch(said.strip()):
        return False
    if said.startswith("00"):
        return _valid("+" + said[2:], None)
    if said.startswith("+"):
        return _valid(said, None)
    return bool(_NATIONAL.match(said)) and any(_valid(said, region) for region in REGIONS)


def _valid(said: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(said, region))
    except phonenumbers.NumberParseException:
        return False
