"""How a deployment is called, ready to be pasted: with its address and, while it can be shown, its key."""

from dataclasses import dataclass

CONCEALED = "plk_…"
"""In the place of a key that cannot be shown any more."""


@dataclass(frozen=True)
class Snippet:
    id: str
    title: str
    code: str


def snippets(address: str, key: str = CONCEALED) -> list[Snippet]:
    """address: of this platform, without a slash at its end."""
    return [
        Snippet("curl", "curl", _CURL.format(address=address, key=key)),
        Snippet("anthropic", "Python, anthropic", _ANTHROPIC.format(address=address, key=key)),
        Snippet("openai", "Python, openai", _OPENAI.format(address=address, key=key)),
    ]


_CURL = """curl {address}/v1/messages \\
  -H "x-api-key: {key}" \\
  -H "content-type: application/json" \\
  -d '{{"model": "default", "max_tokens": 300, "messages": [{{"role": "user", "content": "Hello"}}]}}'"""
_ANTHROPIC = """import anthropic

client = anthropic.Anthropic(base_url="{address}", api_key="{key}")
message = client.messages.create(
    model="default", max_tokens=300, messages=[{{"role": "user", "content": "Hello"}}]
)
print(message.content[0].text, message.plumbline["outcome"])"""
_OPENAI = """import openai

client = openai.OpenAI(base_url="{address}/v1", api_key="{key}")
answer = client.chat.completions.create(
    model="default", messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.choices[0].message.content)"""
