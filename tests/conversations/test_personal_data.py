"""What has the form of personal data is found in several languages; what only looks alike is not."""

import pytest

from conversations.personal_data import find

THERE = [
    ("email", "Write to anna.muster@example.com, please", "anna.muster@example.com"),
    ("email", "Meine Adresse: anna+news@post.example.co.uk.", "anna+news@post.example.co.uk"),
    ("email", "<jürgen@münchen.example>", "jürgen@münchen.example"),
    ("email", "mailto:a_b-c@sub-domain.example.org?subject=x", "a_b-c@sub-domain.example.org"),
    ("email", "Мой адрес ivan@example.com", "ivan@example.com"),
    ("email", "contacto：maria@example.es。", "maria@example.es"),
    ("email", "X@Y.IO", "X@Y.IO"),
    ("phone", "Call me at +1 650-253-0000 tonight", "+1 650-253-0000"),
    ("phone", "Ruf an: +49 30 901820", "+49 30 901820"),
    ("phone", "Tel. 030 / 901820", "030 / 901820"),
    ("phone", "0041 44 668 18 00 (Büro)", "0041 44 668 18 00"),
    ("phone", "044 668 18 00", "044 668 18 00"),
    ("phone", "my number is (650) 253-0000", "(650) 253-0000"),
    ("phone", "650.253.0000 is mine", "650.253.0000"),
    ("phone", "it rings in London: 020 7031 3000", "020 7031 3000"),
    ("phone", "Appelez le 01 42 68 53 00 demain", "01 42 68 53 00"),
    ("phone", "llámame al +34 912 345 678", "+34 912 345 678"),
    ("phone", "電話は +81 3-6384-9000 です", "+81 3-6384-9000"),
    ("phone", "मेरा नंबर +91 98765 43210 है", "+91 98765 43210"),
    ("phone", "ligue +55 11 2395-8400", "+55 11 2395-8400"),
    ("phone", "zadzwoń +48 22 207 19 00", "+48 22 207 19 00"),
    ("card", "4111 1111 1111 1111, exp. 04/29", "4111 1111 1111 1111"),
    ("card", "card=5500005555555559", "5500005555555559"),
    ("card", "3782-822463-10005 (Amex)", "3782-822463-10005"),
    ("account", "IBAN: DE89 3704 0044 0532 0130 00.", "DE89 3704 0044 0532 0130 00"),
    ("account", "GB29NWBK60161331926819", "GB29NWBK60161331926819"),
    ("account", "CH93 0076 2011 6238 5295 7 BITTE BALD", "CH93 0076 2011 6238 5295 7"),
    ("account", "FR1420041010050500013M02606", "FR1420041010050500013M02606"),
    ("ip", "from 203.0.113.77 at noon", "203.0.113.77"),
    ("ip", "client 192.168.1.20 failed", "192.168.1.20"),
    ("ip", "address 2001:db8:85a3::8a2e:370:7334 again", "2001:db8:85a3::8a2e:370:7334"),
]
ABSENT = [
    "The year 2024-11-25 and the 25.11.2024 at 12:30",
    "from 2020 to 2024, 1999-2003",
    "order 1234567890 and invoice 20241125-001",
    "It costs 1,234,567.89 or 1 234 567 euro",
    "pi is 3.14159265358979",
    "version 1.2.3.4567 and release 10.0.0-rc1",
    "the ratio 16:9, the time 10:20:30, std::vector<int>",
    "SELECT * FROM t WHERE id = 100000000000",
    "def f(a, b=12345678901234567): return a @ b",
    "user@localhost and @mention and a@b",
    "4111 1111 1111 1112 has a wrong check digit",
    "DE89 3704 0044 0532 0130 01 has one too",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "550e8400-e29b-41d4-a716-446655440000",
    "ISBN 978-3-16-148410-0",
    "https://example.com/a/12345-6789/b?c=1",
    "temperatures of 12 13 14 15 16 degrees",
    "0.123456789 and 1e-10 and 0x7fffffff",
    "rows 100-200, pages 12-34",
    "1 2 3 4 5 6 7 8 9 10",
    "localhost is 127.0.0.1 and all is 0.0.0.0",
    "[email 1] wrote to [phone 2]",
]


@pytest.mark.parametrize(("kind", "text", "value"), THERE)
def test_what_is_there_is_found_and_nothing_beside_it(kind, text, value):
    assert [(one.kind, text[one.start : one.end]) for one in find(text)] == [(kind, value)]


@pytest.mark.parametrize("text", ABSENT)
def test_what_only_looks_alike_is_left_alone(text):
    assert [(one.kind, text[one.start : one.end]) for one in find(text)] == []


def test_several_are_found_in_their_order():
    text = "a@example.com, +1 650-253-0000, b@example.com; 4111111111111111"
    assert [one.kind for one in find(text)] == ["email", "phone", "email", "card"]


@pytest.mark.parametrize("piece", ["1 ", "a@", "A0", ":", "(", "+1", "0 ", "00 1", "020 7", "a.", "1.1.", "4111 "])
def test_hostile_text_is_read_to_its_end(piece):
    assert find(piece * 20_000 + " anna@example.com")[-1].kind == "email"


def test_much_is_found_as_well_as_little():
    assert len(find("anna@example.com " * 20_000)) == 20_000
