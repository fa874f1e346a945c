import pytest

from audit.log.notes import Head, NoteError, Signer, Verifier, open_checkpoint, open_note, sign
from audit.log.tree import EMPTY_ROOT

# The example of Go's golang.org/x/mod/sumdb/note, which the C2SP format describes.
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

SIGNER = Signer.generate("example.com/log")
HEAD = Head("example.com/log", 7, EMPTY_ROOT)


def test_the_known_note_is_signed_and_opened_as_elsewhere() -> None:
    signer = Signer.parse(SKEY)
    assert signer.verifier.vkey == VKEY
    assert sign(TEXT, signer) == f"{TEXT}\n{SIGNATURE}"
    assert open_note(f"{TEXT}\n{SIGNATURE}", [Verifier.parse(VKEY)]) == TEXT


def test_keys_read_back() -> None:
    assert Signer.parse(SIGNER.skey).skey == SIGNER.skey
    assert Verifier.parse(SIGNER.verifier.vkey) == SIGNER.verifier


def test_a_checkpoint_is_three_lines() -> None:
    assert HEAD.text() == "example.com/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert open_checkpoint(sign(HEAD.text(), SIGNER), [SIGNER.verifier], "example.com/log") == HEAD


def test_extension_lines_are_signed_and_passed_over() -> None:
    note = sign(HEAD.text() + "witnessed at noon\n", SIGNER)
    assert open_checkpoint(note, [SIGNER.verifier], HEAD.origin) == HEAD


def test_signatures_by_unknown_keys_are_passed_over() -> None:
    witness = Signer.generate("witness")
    note = sign(HEAD.text(), SIGNER) + sign(HEAD.text(), witness).split("\n\n")[1]
    assert open_checkpoint(note, [SIGNER.verifier], HEAD.origin) == HEAD
    assert open_checkpoint(note, [witness.verifier], HEAD.origin) == HEAD


def test_a_changed_text_does_not_open() -> None:
    note = sign(HEAD.text(), SIGNER).replace("\n7\n", "\n8\n")
    with pytest.raises(NoteError, match="wrong"):
        open_note(note, [SIGNER.verifier])


def test_a_note_by_another_key_of_the_same_name_does_not_open() -> None:
    note = sign(HEAD.text(), Signer.generate(SIGNER.name))
    with pytest.raises(NoteError, match="no signature by a known key"):
        open_note(note, [SIGNER.verifier])


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(NoteError, match="is of"):
        open_checkpoint(sign(HEAD.text(), SIGNER), [SIGNER.verifier], "example.com/other")


@pytest.mark.parametrize("note", ["", "x", "x\n", "text\n\n— name\n", "text\n\n— name !!!!\n", "text\n\n\n"])
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError, match="not a signed note"):
        open_note(note, [SIGNER.verifier])


@pytest.mark.parametrize("size", ["07", "-1", "+1", "1e3", "", "٣"])
def test_sizes_have_one_form(size: str) -> None:
    with pytest.raises(NoteError):
        Head.parse(f"origin\n{size}\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")


@pytest.mark.parametrize("root", ["", "AAAA", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF!="])
def test_roots_are_32_bytes(root: str) -> None:
    with pytest.raises(NoteError):
        Head.parse(f"origin\n1\n{root}\n")


@pytest.mark.parametrize(
    "vkey", ["", "a+b", VKEY.replace("c74f20a3", "c74f20a4"), VKEY[:-4], VKEY.replace("+AR", "+BR")]
)
def test_what_is_no_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(vkey)


def test_key_names_have_no_spaces() -> None:
    with pytest.raises(NoteError, match="no spaces"):
        Signer.generate("two words")
