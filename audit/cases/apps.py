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
        # A verdict stays; what a person wrote beside it may quote.
        register_erasure(
            "case notes",
            "UPDATE audit_cases_case SET verdict_note = '' WHERE conversation_id = %(conversation)s",
        )
        register_quotes("findings", _UNQUOTE)
