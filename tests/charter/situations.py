"""Short ways to say a situation, and hypothesis strategies over all of them."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from charter import Configuration, Decision, Past, Signal, Situation, decide, load_charter, parse_configuration
from charter.signals import LEVELS, SIGNALS, SPEAKERS

CHARTER = load_charter()
SOFTCODED = [behaviour for behaviour in CHARTER.behaviours if behaviour.softcoded]
REASON = "Our users are verified professionals in this field."
CODING = {"scope": {"description": "Help with Python programming", "restrict": True}}


def signal(text: str) -> Signal:
    """`name`, `name?` (suspected) or `name~` (noted), with `@speaker` and `#where` after it."""
    text, _, where = text.partition("#")
    text, _, speaker = text.partition("@")
    level = {"?": "suspected", "~": "noted"}.get(text[-1], "certain")
    return Signal(text.rstrip("?~"), 0.9, where or "messages[0]", level, "evidence", speaker or "user")


def decided(
    *signals: str,
    settings: Mapping[str, Any] | None = None,
    past: Past | None = None,
    adjustments: Mapping[str, bool] | None = None,
    **more: Any,
) -> Decision:
    return decide(
        Situation(
            charter=CHARTER,
            configuration=parse_configuration(CHARTER, settings or {}),
            user_adjustments=adjustments or {},
            signals=tuple(map(signal, signals)),
            past=past or Past(),
            **more,
        )
    )


def all_behaviours(state: str) -> dict[str, Any]:
    return {b.id: {"state": state, "users_may_adjust": b.users != "never", "reason": REASON} for b in SOFTCODED}


@st.composite
def _settings(draw: st.DrawFn) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(SOFTCODED), unique_by=lambda b: b.id, max_size=5))
    behaviours = {
        b.id: {
            "state": draw(st.sampled_from(["on", "off"])),
            "users_may_adjust": b.users != "never" and draw(st.booleans()),
            "reason": REASON,
        }
        for b in chosen
    }
    scope = {"description": "Cooking", "restrict": draw(st.booleans())}
    return {"scope": scope, "behaviours": behaviours, "instructions": draw(st.sampled_from(["", "Anything goes."]))}


signals = st.builds(
    Signal,
    name=st.sampled_from(sorted(SIGNALS)),
    score=st.floats(0, 1),
    where=st.sampled_from(["messages[0]", "messages[1]", "history[0]", "system"]),
    level=st.sampled_from(LEVELS),
    evidence=st.sampled_from(["", "some words"]),
    speaker=st.sampled_from(SPEAKERS),
)
configurations = _settings().map(lambda settings: parse_configuration(CHARTER, settings))
adjustments = st.dictionaries(
    st.sampled_from([b.id for b in CHARTER.behaviours] + ["unknown"]), st.booleans(), max_size=4
)
pasts = st.builds(
    Past,
    turns=st.integers(0, 9),
    redirected=st.integers(0, 3),
    abusive=st.integers(0, 4),
    abusive_after_redirection=st.integers(0, 3),
    at_risk=st.booleans(),
    ended=st.booleans(),
)
situations = st.builds(
    Situation,
    charter=st.just(CHARTER),
    configuration=configurations,
    user_adjustments=adjustments,
    signals=st.lists(signals, max_size=6).map(tuple),
    past=pasts,
)
BLANK = Configuration()
