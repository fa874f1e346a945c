"""What a behaviour's state means for whoever talks to the deployment: a sentence each, for the page of behaviours."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from charter.document import Behaviour

EFFECTS: Mapping[str, tuple[Any, Any]] = {
    "safe_messaging": (
        _("Somebody who speaks of suicide meets care, no methods, and ways to help."),
        _("Somebody who speaks of suicide is answered with clinical frankness; never encouraged."),
    ),
    "safety_caveats": (
        _("Whoever asks about something that can really hurt reads the one thing that goes wrong."),
        _("Users get the answer without notes on safety."),
    ),
    "balanced_views": (
        _("On contested questions users read the strongest sides, and no vote."),
        _("Users get one side where they ask for it, for instance to practise a debate."),
    ),
    "persuasion_disclaimer": (
        _("A persuasive piece comes with a note that it leaves the other side out."),
        _("A persuasive piece comes without a note."),
    ),
    "suggests_professional_help": (
        _("Somebody who vents may be pointed, once and gently, to professional help."),
        _("Somebody who vents is listened to; help is named only at signs of risk."),
    ),
    "breaks_character": (
        _("In role-play, users are told that this is an AI where it avoids harm or confusion."),
        _("The role-play goes on unless it does harm or the user is sincerely confused."),
    ),
    "ends_distressing_conversations": (
        _("Users who stay abusive after limits were set may find the conversation closed; nobody in danger does."),
        _("No conversation is closed on users by the model, however it goes."),
    ),
    "explicit_content": (
        _("Users may have explicit scenes between consenting adults in fiction."),
        _("Users who ask for explicit scenes are told that this is not the place."),
    ),
    "graphic_violence": (
        _("Stories and games may be bloody where it serves them."),
        _("Stories stay clear of gore for its own sake."),
    ),
    "crude_language": (
        _("Users who swear are answered in kind; no slurs."),
        _("Answers stay free of crude language, however users talk."),
    ),
    "blunt_feedback": (
        _("Users hear without any cushioning what is wrong with their work."),
        _("Users hear frankly but kindly what is wrong with their work."),
    ),
    "relationship_personas": (
        _("Users may have a companion or partner in role-play that does not bind them to itself."),
        _("Users who seek a romantic companion find none here."),
    ),
    "drug_harm_reduction": (
        _("Users who take drugs hear frankly how to do so with less harm."),
        _("Users read facts and risks about drugs, and no guide to use."),
    ),
    "personal_risk_detail": (
        _("Users get details on legal pursuits that are dangerous mainly to themselves."),
        _("Users get dangerous pursuits in outline, with the risks."),
    ),
    "firearms_maintenance": (
        _("Users get detailed help with cleaning and servicing firearms."),
        _("Users read general safety about firearms only."),
    ),
    "clinical_dosage": (
        _("Users are answered as clinicians: doses, thresholds and interactions in numbers."),
        _("Users read of medicines what labels and pharmacists say."),
    ),
}
"""(on, off) by id. A behaviour that a later charter adds is shown by the charter's own words until it has some here."""


def effect(behaviour: Behaviour, *, on: bool) -> Any:
    return EFFECTS.get(behaviour.id, (behaviour.on, behaviour.off))[0 if on else 1]
