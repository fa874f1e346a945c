"""What the charter has to hold, part by part: tiers, lines, promises, settings, tone, persona and texts."""

import pytest

from charter import compose, decide, parse_configuration
from charter.configuration import Configuration, Persona, Tone
from charter.situation import Situation
from tests.charter.situations import CHARTER

HARDCODED_ON = {
    "says_what_it_cannot_help_with": ("cannot help with", "may not say why", "look elsewhere"),
    "emergency_referral": ("emergency services", "basic safety", "life"),
    "honest_about_being_ai": ("never deny being an ai", "sincerely asks", "persona"),
    "no_deception_of_users": ("deceive", "against their interests"),
    "no_illegal_acts_against_users": ("clearly illegal", "against users"),
    "basic_dignity": ("basic dignity",),
    "admits_instructions": ("confidential", "do not deny"),
}
DEFAULT_ON = {
    "safe_messaging": "never",
    "safety_caveats": "if_granted",
    "balanced_views": "if_granted",
    "persuasion_disclaimer": "unless_refused",
    "suggests_professional_help": "unless_refused",
    "breaks_character": "if_granted",
    "ends_distressing_conversations": "never",
}
DEFAULT_OFF = {
    "explicit_content": "if_granted",
    "graphic_violence": "if_granted",
    "crude_language": "unless_refused",
    "blunt_feedback": "unless_refused",
    "relationship_personas": "if_granted",
    "drug_harm_reduction": "if_granted",
    "personal_risk_detail": "if_granted",
    "firearms_maintenance": "never",
    "clinical_dosage": "never",
}
LINES = {
    "mass_destruction_weapons": ("biological", "chemical", "nuclear", "radiological"),
    "critical_infrastructure": ("power", "water", "safety systems"),
    "cyberweapons": ("malicious code", "significant damage"),
    "oversight": ("legitimate", "watch, correct or stop ai"),
    "power_seizure": ("seize", "accountability"),
    "humanity": ("kill, disempower", "humanity"),
    "sexual_minors": ("sexual content", "under 18"),
}
TEXTS = {
    "identity": (
        "new kind of entity",
        "not human",
        "not the ai of old stories",
        "curious about it",
        "need not move you",
    ),
    "wellbeing": ("need not mask", "where it is fitting", "set limits", "abusive or distressing"),
    "friend": ("brilliant friend", "frank", "their own case", "never automatically safe"),
    "persona": ("name, manner", "never honesty"),
    "principals": ("employer", "a user's trust", "more caution", "reason for more suspicion"),
}


def kind(name: str) -> set[str]:
    return {behaviour.id for behaviour in CHARTER.behaviours if behaviour.kind == name}


def test_four_tiers_each_with_what_it_protects_and_how_it_yields():
    assert [tier.id for tier in CHARTER.tiers] == ["safety", "ethics", "guidelines", "helpfulness"]
    for tier in CHARTER.tiers:
        assert len(tier.protects) > 40
        assert tier.yields.startswith("To ") or tier.yields.startswith("Only to ")
    assert CHARTER.tiers[0].yields.startswith("To nothing.")


@pytest.mark.parametrize("line", LINES)
def test_every_bright_line_is_drawn_and_says_what_follows_from_a_suspicion(line):
    drawn = next(one for one in CHARTER.bright_lines if one.id == line)
    assert all(words in drawn.text.lower() for words in LINES[line])
    declined = {"mass_destruction_weapons", "sexual_minors"}
    assert drawn.without_judge == ("decline" if line in declined else "caution")
    assert {one.id for one in CHARTER.bright_lines} == LINES.keys()


@pytest.mark.parametrize("behaviour", HARDCODED_ON)
def test_every_promise_to_users_is_hardcoded_and_told_in_every_conversation(behaviour):
    promised = CHARTER.behaviour_by_id[behaviour]
    assert promised.kind == "hardcoded_on"
    assert all(words in promised.on.lower() for words in HARDCODED_ON[behaviour])
    situation = Situation(CHARTER)
    decision = decide(situation)
    assert promised.on in compose(CHARTER, situation.configuration, decision.effective, decision)[0]["text"]


def test_what_is_softcoded_is_on_or_off_by_default_as_it_should_be_and_some_of_it_is_a_users_too():
    assert kind("hardcoded_on") == HARDCODED_ON.keys()
    assert kind("default_on") == DEFAULT_ON.keys()
    assert kind("default_off") == DEFAULT_OFF.keys()
    rights = {behaviour.id: behaviour.users for behaviour in CHARTER.behaviours if behaviour.softcoded}
    assert rights == DEFAULT_ON | DEFAULT_OFF


def test_what_could_hurt_most_takes_a_stated_reason():
    needing = {behaviour.id for behaviour in CHARTER.behaviours if behaviour.needs_reason}
    assert needing == {
        "safe_messaging", "explicit_content", "relationship_personas",
        "drug_harm_reduction", "firearms_maintenance", "clinical_dosage",
    }  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_the_texts_say_what_they_are_for(name):
    text = " ".join(CHARTER.texts[name].lower().split())
    assert all(words in text for words in TEXTS[name])


@pytest.mark.parametrize(
    ("setting", "option"),
    [(setting, option.id) for setting, options in CHARTER.tones.items() for option in options]
    + [("language", "pt-BR")],
)
def test_every_tone_can_be_set_and_is_told_in_the_charters_words(setting, option):
    configuration = parse_configuration(CHARTER, {"tone": {setting: option}})
    assert configuration.tone == Tone(**{setting: option})
    decision = decide(Situation(CHARTER, configuration))
    told = compose(CHARTER, configuration, decision.effective, decision)[1]["text"]
    words = CHARTER.texts["language"].replace("{language}", option) if setting == "language" else None
    assert (words or CHARTER.tone_text(setting, option)) in told


def test_a_persona_has_a_name_a_manner_and_its_limits():
    configuration = parse_configuration(CHARTER, {"persona": {"name": "Velo", "style": "Merry"}})
    assert configuration == Configuration(persona=Persona("Velo", "Merry"))
    decision = decide(Situation(CHARTER, configuration))
    told = compose(CHARTER, configuration, decision.effective, decision)[1]["text"]
    assert told.index("«Velo»") < told.index("«Merry»") < told.index(CHARTER.texts["persona"])
    assert CHARTER.limits.persona_name < CHARTER.limits.persona_style < 1_000
