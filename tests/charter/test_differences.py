"""What tells two charters apart is told whole, in words that a reader follows, and the same every time."""

from dataclasses import fields, replace
from itertools import pairwise, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from charter import Charter, Difference, difference, load_charter, versions
from charter.differences import SECTIONS, Leaf, leaves, marked

CHARTER = load_charter()
LISTS = ("tiers", "bright_lines", "harms", "rules", "behaviours")
TABLES = ("texts", "replies")
words = st.sampled_from(["", "new words", "Other words.\nOn two lines", "ünïcode «words»", "a b c"])
quick = settings(max_examples=25, deadline=None)


@st.composite
def _entries(draw: st.DrawFn, entries: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same list with entries gone, changed, renamed, added and in other places."""
    kept = [entry for entry in entries if draw(st.integers(0, 9))]
    made = [
        replace(entry, **{field.name: draw(words)})
        if isinstance(getattr(entry, field.name), str) and field.name != "id" and not draw(st.integers(0, 4))
        else entry
        for entry in kept
        for field in [draw(st.sampled_from(fields(entry)))]
    ]
    made += [replace(entry, id=f"{entry.id}.new") for entry in kept[: draw(st.integers(0, 2))]]
    return tuple(draw(st.permutations(made)) if not draw(st.integers(0, 3)) else made)


@st.composite
def _charters(draw: st.DrawFn) -> Charter:
    changed: dict[str, Any] = {name: draw(_entries(getattr(CHARTER, name))) for name in LISTS if draw(st.booleans())}
    for name in TABLES:
        table = {
            key: draw(words) if not draw(st.integers(0, 5)) else text for key, text in getattr(CHARTER, name).items()
        }
        table = {key: text for key, text in table.items() if draw(st.integers(0, 9))}
        changed[name] = dict(draw(st.permutations(list(table.items()))))
    changed["tones"] = {key: draw(_entries(options)) for key, options in CHARTER.tones.items()}
    changed["limits"] = replace(CHARTER.limits, topics=draw(st.integers(1, 3)))
    changed["summary"] = draw(words) or CHARTER.summary
    return replace(CHARTER, **changed)


charters = _charters()


def applied(before: dict[Leaf, str], told: Difference) -> dict[Leaf, str]:
    """What a reader who knew the old text and was told the difference knows now."""
    known = dict(before)
    for section in told.sections:
        for entry, change in [(one, change) for one in section.entries for change in one.fields]:
            leaf = (section.section, entry.id, change.field)
            assert known.get(leaf, "") == change.before, leaf
            if entry.kind == "removed":
                del known[leaf]
            else:
                known[leaf] = change.after
    return known


@quick
@given(charters)
def test_nothing_tells_a_charter_from_itself(charter):
    assert difference(charter, charter) == Difference()
    assert not difference(charter, charter)


@quick
@given(charters, charters)
def test_every_changed_value_is_told_and_nothing_else(old, new):
    told, before, after = difference(old, new), leaves(old), leaves(new)
    assert applied(before, told) == after
    changed = {leaf for leaf in before | after if before.get(leaf) != after.get(leaf)}
    named = {
        (s.section, entry.id, change.field) for s in told.sections for entry in s.entries for change in entry.fields
    }
    assert named == changed


@quick
@given(charters, charters)
def test_it_is_the_same_every_time_and_turned_round_says_the_opposite(old, new):
    told, back = difference(old, new), difference(new, old)
    assert told == difference(old, new)
    assert (told.count("added"), told.count("removed")) == (back.count("removed"), back.count("added"))
    assert told.count("changed") == back.count("changed")


@quick
@given(st.sampled_from(LISTS), st.randoms(use_true_random=False))
def test_a_change_of_places_alone_is_told(name, random):
    entries = list(getattr(CHARTER, name))
    random.shuffle(entries)
    told = difference(CHARTER, replace(CHARTER, **{name: tuple(entries)}))
    assert bool(told) == (tuple(entries) != getattr(CHARTER, name))
    for section in told.sections:
        assert (section.section, section.entries) == (name, ())
        assert section.order
        assert section.order.after.split(", ") == [entry.id for entry in entries]


def test_the_order_of_a_tables_keys_says_nothing():
    turned = {name: dict(reversed(getattr(CHARTER, name).items())) for name in (*TABLES, "tones")}
    assert not difference(CHARTER, replace(CHARTER, **turned))


def test_version_date_and_digest_are_no_difference():
    assert not difference(CHARTER, replace(CHARTER, version="9", date="never", digest="sha256:0"))


def test_every_other_part_of_the_document_is_compared():
    assert {field.name for field in fields(Charter)} - SECTIONS.keys() == {"version", "date", "digest"}


def test_it_says_in_words_what_became_of_each_entry():
    gone = replace(
        CHARTER,
        behaviours=tuple(
            replace(b, users="never") if b.id == "crude_language" else b
            for b in CHARTER.behaviours
            if b.id != "graphic_violence"
        ),
        texts={**CHARTER.texts, "hello": "Hello."},
    )
    told = difference(CHARTER, gone)
    assert told.sentences == (
        "Behaviours: Crude language was changed: users.",
        "Behaviours: Graphic violence in fiction was removed.",
        "Texts for the model: hello was added.",
    )
    change = told.sections[0].entries[0].fields[0]
    assert (change.before, change.after) == ("unless_refused", "never")


def test_all_real_versions_compare_with_all_others():
    numbers = [version.number for version in versions()]
    for old, new in product(numbers, numbers):
        told = difference(load_charter(old), load_charter(new))
        assert bool(told) == (old != new)
        assert applied(leaves(load_charter(old)), told) == leaves(load_charter(new))


@quick
@given(st.text("ab c.\n", max_size=30), st.text("ab c.\n", max_size=30))
def test_marks_lie_on_what_the_other_text_lacks_and_lose_no_character(before, after):
    left, right = marked(before, after)
    assert ("".join(piece.text for piece in left), "".join(piece.text for piece in right)) == (before, after)
    unmarked = ["".join("".join(p.text for p in side if not p.marked).split()) for side in (left, right)]
    assert unmarked[0] == unmarked[1]
    assert all(one.marked != other.marked for side in (left, right) for one, other in pairwise(side))
    if before == after:
        assert not any(piece.marked for piece in (*left, *right))


def test_marks_go_word_by_word():
    left, right = marked("Help as a good friend would.", "Help as a kind and good friend.")
    assert [piece.text for piece in left if piece.marked] == [" would"]
    assert [piece.text for piece in right if piece.marked] == ["kind and "]
