"""Content parts as content blocks: texts, images, files."""

import re
from base64 import b64decode
from binascii import Error as NotBase64Error
from typing import Any

from conversations.openai.checks import fields, filled, text, wrong
from conversations.openai.fields import CACHING

IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}
_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^;,]*)*;base64,", re.IGNORECASE)
_PDF = "JVBERi"  # "%PDF-" in base64

Block = dict[str, Any]


def read_parts(content: Any, where: str, dropped: dict[str, str], *, texts_only: bool = False) -> list[Block]:
    """Of a string or a list of parts; empty texts are left out, as the Messages API takes none.

    What a part holds beside its content goes into `dropped`, with the word on it. Raises ApiError 400.
    """
    if isinstance(content, str):
        return _text(content)
    if not isinstance(content, list):
        raise wrong(where, "must be a string or a list of content parts")
    blocks: list[Block] = []
    for index, part in enumerate(content):
        at = f"{where}[{index}]"
        kind = fields(part, at).get("type")
        if texts_only and kind != "text":
            raise wrong(f"{at}.type", "must be 'text'")
        blocks += _block(part, kind, at)
        _tell(part, dropped)
    return blocks


def _tell(part: dict[str, Any], dropped: dict[str, str]) -> None:
    if part.get("prompt_cache_breakpoint") is not None:
        dropped["messages[].content[].prompt_cache_breakpoint"] = CACHING
    if part["type"] == "image_url" and part["image_url"].get("detail") not in (None, "auto"):
        dropped["messages[].content[].image_url.detail"] = "images are shown to the model as they are"


def _text(said: str) -> list[Block]:
    return [{"type": "text", "text": said}] if said else []


def _block(part: dict[str, Any], kind: Any, where: str) -> list[Block]:
    if kind == "text":
        return _text(text(part.get("text"), f"{where}.text"))
    if kind == "image_url":
        return [_image(part.get("image_url"), f"{where}.image_url")]
    if kind == "file":
        return [_file(part.get("file"), f"{where}.file")]
    if kind == "input_audio":
        raise wrong(f"{where}.type", "audio is not taken; send its transcript as text")
    raise wrong(f"{where}.type", "must be one of text, image_url, file")


def _image(image: Any, where: str) -> Block:
    url = filled(fields(image, where).get("url"), f"{where}.url")
    if url[:8].lower() == "https://":
        return {"type": "image", "source": {"type": "url", "url": url}}
    media_type, data = _data_url(url, f"{where}.url", "must be an https: address or a data: URL in base64")
    media_type = "image/jpeg" if media_type == "image/jpg" else media_type
    if media_type not in IMAGES:
        raise wrong(f"{where}.url", f"must be of {', '.join(sorted(IMAGES))}")
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def _file(file: Any, where: str) -> Block:
    if fields(file, where).get("file_id") is not None:
        raise wrong(f"{where}.file_id", "no files are kept here; send file_data")
    data, name = filled(file.get("file_data"), f"{where}.file_data"), file.get("filename")
    titled = {"title": text(name, f"{where}.filename", 500)} if name else {}
    if data.startswith(_PDF):
        media_type = "application/pdf"
    else:
        media_type, data = _data_url(data, f"{where}.file_data", "must be a data: URL in base64")
    if media_type == "application/pdf":
        return {"type": "document", "source": {"type": "base64", "media_type": media_type, "data": data}, **titled}
    if media_type == "text/plain":
        source = {"type": "text", "media_type": media_type, "data": _plain(data, where)}
        return {"type": "document", "source": source, **titled}
    raise wrong(f"{where}.file_data", "must be of application/pdf, text/plain")


def _plain(data: str, where: str) -> str:
    try:
        return b64decode(data, validate=True).decode()
    except (NotBase64Error, ValueError):
        raise wrong(f"{where}.file_data", "must be UTF-8 text in base64") from None


def _data_url(url: str, where: str, otherwise: str) -> tuple[str, str]:
    """Its media type and its data, still in base64."""
    found = _DATA_URL.match(url)
    if found is None or found.end() == len(url):
        raise wrong(where, otherwise)
    return found[1].lower(), url[found.end() :]
