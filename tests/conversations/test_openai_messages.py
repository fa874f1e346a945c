"""The messages of a chat completion become those of the Messages API. Pure."""

from typing import Any

import pytest

from tests.support.openai_requests import CALL, HELLO, WEATHER, made, read, refusal

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
USED = {"type": "tool_use", "id": "call_a", "name": "weather", "input": {"city": "Bern"}}


def blocks(*messages: dict[str, Any]) -> list[Any]:
    return [(message["role"], message["content"]) for message in made(messages=list(messages))["messages"]]


def test_what_the_app_says_first_is_its_system_and_what_it_says_later_keeps_its_place():
    body = made(
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": ""}]},
            HELLO,
            {"role": "system", "content": "Now be long."},
        ]
    )
    assert [block["text"] for block in body["system"]] == ["Be brief.", "Be kind."]
    assert [message["role"] for message in body["messages"]] == ["user", "system"]


def test_texts_and_images_of_a_user():
    ((role, content),) = blocks(
        {
            "role": "user",
            "name": "Anna",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "high"}},
                {"type": "image_url", "image_url": {"url": "https://pictures.example/a.jpg"}},
            ],
        }
    )
    assert role == "user"
    assert content == [
        {"type": "text", "text": "Look"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
        {"type": "image", "source": {"type": "url", "url": "https://pictures.example/a.jpg"}},
    ]


def test_what_stands_beside_the_content_is_told():
    image = {"type": "image_url", "image_url": {"url": "https://a.example/a", "detail": "low"}}
    part = {"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}
    message = {"role": "user", "name": "Anna", "content": [part, image], "mood": "fine"}
    assert set(read(messages=[message]).dropped) == {
        *("messages[].name", "messages[].mood", "messages[].content[].image_url.detail"),
        "messages[].content[].prompt_cache_breakpoint",
    }


def test_files_that_have_a_counterpart_are_documents():
    files = [
        {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQ="},
        {"file_data": "JVBERi0xLjQ="},
        {"file_data": "data:text/plain;charset=utf-8;base64,aGk="},
    ]
    ((_, content),) = blocks({"role": "user", "content": [{"type": "file", "file": file} for file in files]})
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQ="}
    assert content == [
        {"type": "document", "source": pdf, "title": "a.pdf"},
        {"type": "document", "source": pdf},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}},
    ]


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}, "type"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "file.file_id"),
        ({"type": "file", "file": {"file_data": "data:application/zip;base64,AAAA"}}, "file.file_data"),
        ({"type": "file", "file": {"file_data": "data:text/plain;base64,////"}}, "file.file_data"),
        ({"type": "file", "file": {"file_data": "data:text/plain;base64,é"}}, "file.file_data"),
        ({"type": "image_url", "image_url": "https://a.example/a.png"}, "image_url"),
        ({"type": "image_url", "image_url": {"url": "http://a.example/a.png"}}, "image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,AAAA"}}, "image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png,AAAA"}}, "image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}, "image_url.url"),
    ],
)
def test_parts_without_a_counterpart_are_refused(part, param):
    assert refusal(messages=[{"role": "user", "content": [part]}])["param"] == f"messages[0].content[0].{param}"


def test_results_of_tools_that_follow_one_another_are_one_message():
    second = {"id": "call_b", "type": "function", "function": {"name": "weather", "arguments": ""}}
    assert blocks(
        HELLO,
        {"role": "assistant", "content": None, "refusal": None, "tool_calls": [CALL, second], "annotations": []},
        {"role": "tool", "tool_call_id": "call_b", "content": [{"type": "text", "text": "Rain"}]},
        {"role": "tool", "tool_call_id": "call_a", "content": "Sun"},
        {"role": "user", "content": "And?"},
    )[1:] == [
        ("assistant", [USED, {"type": "tool_use", "id": "call_b", "name": "weather", "input": {}}]),
        (
            "user",
            [
                {"type": "tool_result", "tool_use_id": "call_b", "content": [{"type": "text", "text": "Rain"}]},
                {"type": "tool_result", "tool_use_id": "call_a", "content": "Sun"},
            ],
        ),
        ("user", [{"type": "text", "text": "And?"}]),
    ]


def test_a_result_alone_may_answer_a_call_that_the_record_knows():
    assert blocks({"role": "tool", "tool_call_id": "toolu_1", "content": ""}) == [
        ("user", [{"type": "tool_result", "tool_use_id": "toolu_1"}])
    ]


@pytest.mark.parametrize("arguments", ["{", "[]", "3", '{"a":' * 200 + "1" + "}" * 200, '"\\ud800"'])
def test_arguments_that_are_no_object_are_kept_as_text(arguments):
    call = {**CALL, "function": {"name": "weather", "arguments": arguments}}
    answered = {"role": "tool", "tool_call_id": "call_a", "content": "x"}
    sent = blocks(HELLO, {"role": "assistant", "tool_calls": [call]}, answered)[1][1]
    assert sent[0]["input"] == {"unreadable": arguments}


def test_a_refusal_is_what_the_assistant_said_unless_it_said_more():
    assert blocks(
        HELLO,
        {"role": "assistant", "content": None, "refusal": "No."},
        HELLO,
        {"role": "assistant", "content": "Of course", "refusal": "Withheld."},
        HELLO,
        {"role": "assistant", "content": [{"type": "text", "text": "A"}, {"type": "refusal", "refusal": "B"}]},
    )[1::2] == [("assistant", [{"type": "text", "text": text}]) for text in ("No.", "Of course", "AB")]


def test_an_answer_that_said_nothing_is_no_message():
    assert [role for role, _ in blocks(HELLO, {"role": "assistant", "content": ""}, HELLO)] == ["user", "user"]


def test_the_older_functions_are_tools_of_which_one_is_used_at_a_time():
    body = made(
        functions=[WEATHER],
        function_call={"name": "weather"},
        messages=[
            HELLO,
            {
                "role": "assistant",
                "content": None,
                "function_call": {"name": "weather", "arguments": '{"city":"Bern"}'},
            },
            {"role": "function", "name": "weather", "content": "Sun"},
        ],
    )
    assert [tool["name"] for tool in body["tools"]] == ["weather"]
    assert body["tool_choice"] == {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}
    assert body["messages"][1]["content"] == [{**USED, "id": "call_1"}]
    assert body["messages"][2]["content"] == [{"type": "tool_result", "tool_use_id": "call_1", "content": "Sun"}]
