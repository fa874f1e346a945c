from django.apps import AppConfig

_UNQUOTE = """
UPDATE audit_cases_finding SET detail = jsonb_set(detail, '{grounds}', (
    SELECT jsonb_agg(CASE WHEN jsonb_typeof(one) = 'object' AND one ? 'evidence'
                          THEN one || '{"evidence": ""}' ELSE one END)
    FROM jsonb_array_elements(detail -> 'grounds') AS one))
WHERE jsonb_path_exists(detail, '$.grounds[*].evidence ? (@ <> "")')
"""


class CasesConfig(AppConfig):
    name = "audit.cases"
    label = "audit_cases"

    def ready(self) -> None:
        from conversations.erasure import register_erasure
        from conversations.old_content import register_quotes

        # What was found stays: kind, severity and the signals' names. The words that showed it are the conversation's.
        register_erasure(
            "findings",
            "UPDATE audit_cases_finding SET detail = '{}' WHERE conversation_id = %(conversation)s",
        )
        # Colleagues' notes and users' own words may quote it. What was said to the operator is the operator's to keep.
        of_cases = "(SELECT id FROM audit_cases_case WHERE conversation_id = %(conversation)s)"
        register_erasure(
            "case notes",
            f"""
            WITH emptied_cases AS (
                UPDATE audit_cases_case SET verdict_note = '' WHERE conversation_id = %(conversation)s
            ), emptied_appeals AS (
                UPDATE audit_cases_appeal SET reason = '' WHERE "by" = 'user' AND case_id IN {of_cases}
            )
            UPDATE audit_cases_assessment SET note = '' WHERE case_id IN {of_cases}
            """,  # noqa: S608 - made of the constant above
        )
        register_quotes("findings", _UNQUOTE)
