"""A deployment in a repository: pulled, changed, checked, applied; and nothing where nothing differs."""

import json
import tomllib

from operators.models import Account, Key
from operators.publishing import publish, save_draft
from tests.conversations.catalogue import model as make_model

PIRATE = 'instructions = "Speak like a pirate."\n'
WEIRD = 'a\\ "quoted" \'x\' """three""" \t tab\r\n\n # no comment \u2028 \x85 ü 日本 🦜 [x] = {y}\\'
SETTINGS = {
    "instructions": WEIRD,
    "persona": {"name": '"', "style": f"{WEIRD}\n"},
    "scope": {
        "description": "\n\nTwo lines before",
        "allowed": [{"name": 'A "b" \\ # é', "examples": [WEIRD, '"""', "\\", ""]}, {"name": "B", "examples": None}],
        "refused": [],
        "restrict": True,
        "message": "",
    },
    "tone": {"language": "pt-BR", "warmth": None},
    "behaviours": {"crude_language": {"state": "on", "users_may_adjust": False}, "balanced_views": {}},
}


def versions(pipeline) -> int:
    return pipeline.deployment.configurations.count()


def test_what_was_pulled_changes_nothing_when_applied(new_pipeline):
    pipeline = new_pipeline(SETTINGS)
    make_model("big", {None: "big"})
    pipeline.deployment.model_names, pipeline.deployment.model_aliases = ["big"], {"a.b/c@d:e+f": "big"}
    pipeline.deployment.save()
    pulled = pipeline("pull")
    assert (pulled.code, pulled.out) == (0, "plumbline.toml: version 1 of App\n")
    applied = pipeline("apply")
    assert (applied.code, applied.out) == (0, "Nothing to do: version 1 of App is as plumbline.toml says.\n")
    assert versions(pipeline) == 1
    kept = tomllib.loads((pipeline.folder / "plumbline.toml").read_text())
    assert kept["instructions"] == WEIRD
    assert kept["models"] == {"allowed": ["big"], "aliases": {"a.b/c@d:e+f": "big"}}


def test_a_file_is_applied_once(pipeline):
    pipeline.file(PIRATE)
    first = pipeline("apply", "--note", "commit 4f2a")
    assert (first.code, first.err) == (0, "")
    assert first.out == "- The instructions: “Speak like a pirate.”\nVersion 2 of App is live.\n"
    assert pipeline.deployment.configurations.get(number=2).note == "commit 4f2a"
    second = pipeline("apply")
    assert (second.code, second.out) == (0, "Nothing to do: version 2 of App is as plumbline.toml says.\n")
    assert versions(pipeline) == 2


def test_a_dry_run_tells_and_a_check_fails(pipeline):
    pipeline.file(PIRATE)
    told = pipeline("apply", "--dry-run")
    assert (told.code, told.out.splitlines()[-1]) == (0, "A new version of App would be live.")
    assert pipeline("apply", "--check").code == 1
    assert versions(pipeline) == 1
    pipeline("apply")
    assert pipeline("apply", "--check").code == 0


def test_long_texts_are_told_line_by_line(new_pipeline):
    lines = [f"Rule {number}: be kind." for number in range(20)]
    pipeline = new_pipeline({"instructions": "\n".join(lines)})
    lines[7] = "Rule 7: be brief."
    pipeline.file(f'instructions = """{chr(10).join(lines)}"""')
    told = pipeline("apply", "--dry-run").out.splitlines()
    assert told[0] == "- The instructions changed."
    assert "    -Rule 7: be kind." in told
    assert "    +Rule 7: be brief." in told
    assert len(told) < 10


def test_every_problem_names_file_place_and_rule(pipeline):
    pipeline.file(
        'mood = "sunny"\n[scope]\nrestrict = true\n[[scope.allowed]]\nexamples = 5\n'
        '[behaviours.nonsense]\nstate = "on"\n[models]\nallowed = ["gone"]\n'
    )
    for command in (["apply"], ["apply", "--dry-run"], ["validate"]):
        ran = pipeline(*command)
        assert (ran.code, ran.out) == (2, "")
        assert sorted(ran.err.splitlines()) == [
            "plumbline: plumbline.toml: behaviours.nonsense: is not a behaviour of the charter (rule behaviours)",
            "plumbline: plumbline.toml: models.allowed[0]: is not a model that this operator can reach"
            " (rule models.reach)",
            "plumbline: plumbline.toml: mood: is not a known setting (rule settings.shape)",
            "plumbline: plumbline.toml: scope.allowed[0].examples: must be a list (rule settings.shape)",
            "plumbline: plumbline.toml: scope.allowed[0].name: is needed (rule scope.topics_have_names)",
        ]
    assert versions(pipeline) == 1


UNFIT = [
    ("x = ", "is not TOML"),
    ("instructions = 2027-01-01", "instructions: dates, times"),
    ("[scope]\nallowed = [{name = 'a', examples = [inf]}]", "scope.allowed[0].examples[0]: dates, times"),
    ("deployment = 5", "deployment: holds a name"),
    ('[deployment]\nname = "App"\nkey = "plk_x"', "deployment: holds a name"),
    ('[deployment]\nname = "Other"', "deployment: this key opens 'App', not 'Other'"),
    ("x = " + "[" * 20_000, "nested too deeply"),
    ("x = " + "9" * 5000, "is not TOML"),
    ("#" * 1_100_000, "larger than 1 MB"),
    ("models = []", "models: must be an object"),
]


def test_a_file_that_cannot_be_applied_is_named(pipeline):
    for text, told in UNFIT:
        pipeline.file(text)
        ran = pipeline("apply")
        assert (ran.code, ran.out, told in ran.err) == (2, "", True), ran.err
        assert ran.err.startswith("plumbline: plumbline.toml: ")
        assert "Traceback" not in ran.err


def test_what_came_meanwhile_is_a_conflict_and_a_draft_stays(pipeline):
    save_draft(pipeline.deployment, {"persona": {"name": "Ada"}}, by=Account.objects.create_user("o@example.com"))
    pipeline.file(PIRATE)
    assert "were left there" in pipeline("apply").out
    pipeline.deployment.refresh_from_db()
    assert pipeline.deployment.draft == {"persona": {"name": "Ada"}}


def test_a_file_that_is_there_is_not_written_over(pipeline):
    path = pipeline.file("# mine\n")
    ran = pipeline("pull")
    assert (ran.code, path.read_text()) == (2, "# mine\n")
    assert "--force" in ran.err
    assert pipeline("pull", "--force").code == 0
    assert pipeline("pull").code == 0
    assert sorted(one.name for one in pipeline.folder.iterdir()) == ["plumbline.toml"]
    assert tomllib.loads(pipeline("pull", "-").out)["deployment"] == {"name": "App"}


def test_nothing_published_is_told(pipeline):
    pipeline.deployment.live = None
    pipeline.deployment.save()
    assert "nothing is published yet" in pipeline("pull").err
    pipeline.file("")
    assert pipeline("apply").out == "Version 2 of App is live.\n"
    assert pipeline("apply").out.startswith("Nothing to do")


def test_json_is_for_programs(pipeline):
    pipeline.file(PIRATE)
    assert json.loads(pipeline("validate", "--json").out)["valid"] is True
    told = json.loads(pipeline("apply", "--json").out)
    assert (told["published"]["number"], told["changes"]) == (2, True)
    assert json.loads(pipeline("apply", "--json").out)["changes"] is False


def test_a_version_published_by_hand_comes_back_to_the_file(pipeline):
    pipeline.file(PIRATE)
    pipeline("apply")
    publish(pipeline.deployment, {}, by=None)
    assert pipeline("apply", "--check").code == 1
    assert pipeline("apply").out.endswith("Version 4 of App is live.\n")


def test_a_key_without_the_scope_or_revoked_is_told(pipeline):
    pipeline.file(PIRATE)
    Key.objects.update(scopes=["turns"])
    ran = pipeline("apply")
    assert (ran.code, "lacks the scope 'manage'" in ran.err) == (2, True)
