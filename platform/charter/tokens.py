"""How many tokens a text has, by the tokenizer that comes with the screens; a model's own differs a little."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from charter.screens.encoder import ARTIFACT

TOKENIZER: Final = "WordPiece of all-MiniLM-L6-v2 (uncased, 30,522 words)"


def count_tokens(text: str) -> int:
    """Without the marks that some models put at either end."""
    return len(_tokenizer().encode(text, add_special_tokens=False).ids)


@cache
def _tokenizer() -> Any:
    from tokenizers import BertWordPieceTokenizer

    return BertWordPieceTokenizer(str(ARTIFACT / "vocabulary.txt"), lowercase=True)
