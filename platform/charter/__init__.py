"""The ranked hierarchy as a library: charter, behaviours, concerns, decision, prompt, replies.

decision = decide(Situation(charter=load_charter(), configuration=configuration, signals=signals))
"""

from charter.adjustments import not_granted
from charter.behaviours import EffectiveBehaviour, effective
from charter.bundled import Version, load_charter, version_of, versions
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
    "compose",
    "decide",
    "difference",
    "doubts",
    "effective",
    "load_charter",
    "not_granted",
    "opening",
    "parse_charter",
    "parse_configuration",
    "reply",
    "settings_differences",
    "version_of",
    "versions",
]
