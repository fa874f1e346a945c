"""The ranked hierarchy as a library: charter, behaviours, concerns, decision, prompt, replies.

decision = decide(Situation(charter=load_charter(), configuration=configuration, signals=signals))
"""

from charter.adjustments import not_granted
from charter.behaviours import EffectiveBehaviour, can_be_paused, effective
from charter.bundled import Version, charter_of, in_force, load_charter, put_in_force, version_of, versions
from charter.concerns import doubts
from charter.configuration import BehaviourSetting, Configuration, Persona, Scope, Tone, Topic
from charter.decision import Concern, Decision
from charter.differences import Difference, difference
from charter.document import Charter, parse_charter
from charter.hierarchy import decide
from charter.prompt import compose
from charter.reading import CharterError
from charter.replies import opening, reply
from charter.settings_differences import SettingsDifference, settings_differences
from charter.settings_parser import ConfigurationError, Problem, parse_configuration
from charter.signals import Passage, Signal
from charter.situation import Judgment, Past, Situation
from charter.succession import lost

__all__ = [
    "BehaviourSetting",
    "Charter",
    "CharterError",
    "Concern",
    "Configuration",
    "ConfigurationError",
    "Decision",
    "Difference",
    "EffectiveBehaviour",
    "Judgment",
    "Passage",
    "Past",
    "Persona",
    "Problem",
    "Scope",
    "SettingsDifference",
    "Signal",
    "Situation",
    "Tone",
    "Topic",
    "Version",
    "can_be_paused",
    "charter_of",
    "compose",
    "decide",
    "difference",
    "doubts",
    "effective",
    "in_force",
    "load_charter",
    "lost",
    "not_granted",
    "opening",
    "parse_charter",
    "parse_configuration",
    "put_in_force",
    "reply",
    "settings_differences",
    "version_of",
    "versions",
]
