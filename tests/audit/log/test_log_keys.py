import threading
from pathlib import Path
from typing import Any

import pytest

from audit.log.files import CheckpointFiles
from audit.log.keys import LogKeyError, key_file, load_keys, load_or_create_keys, log_origin, renewed, replace_keys
from audit.log.notes import Signer


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "log.key"
    keys = load_or_create_keys(path, "plumbline")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == keys.signer.skey + "\n"
    assert load_or_create_keys(path, "plumbline").signer.skey == keys.signer.skey
    assert [entry.name for entry in path.parent.iterdir()] == ["log.key"]


def test_of_many_that_make_a_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    made: list[str] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        made.append(load_or_create_keys(tmp_path / "log.key", "plumbline").signer.skey)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_rotation_keeps_every_old_verifier_key(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    first = load_or_create_keys(path, "plumbline")
    second = renewed(first)
    replace_keys(path, second)
    replace_keys(path, renewed(second))
    third = load_keys(path, "plumbline")
    assert path.stat().st_mode & 0o777 == 0o600
    assert third.verifiers == (third.signer.verifier, second.signer.verifier, first.signer.verifier)
    assert first.signer.skey not in path.read_text(), "a retired key cannot sign"


def test_comments_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    signer = Signer.generate("plumbline")
    path.write_text(f"# of the audit log\n\n{signer.skey}\n")
    assert load_keys(path, "plumbline").signer.skey == signer.skey


@pytest.mark.parametrize("text", ["", "# nothing", "x", "PRIVATE+KEY+plumbline+00000000+AAAA", "\udcff"])
def test_a_file_that_is_no_key_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.key"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(LogKeyError, match=r"log\.key") as caught:
        load_keys(path, "plumbline")
    assert "AAAA" not in str(caught.value)


def test_a_key_of_another_log_is_refused(tmp_path: Path) -> None:
    load_or_create_keys(tmp_path / "log.key", "elsewhere")
    with pytest.raises(LogKeyError, match=r"'elsewhere'.*'plumbline'"):
        load_keys(tmp_path / "log.key", "plumbline")


def test_settings_name_file_and_origin(settings: Any) -> None:
    settings.PLUMBLINE_LOG_KEY_FILE = "/run/log.key"
    settings.PLUMBLINE_LOG_ORIGIN = "example.com/log"
    assert (key_file(), log_origin()) == (Path("/run/log.key"), "example.com/log")
    settings.PLUMBLINE_LOG_KEY_FILE = ""
    settings.PLUMBLINE_LOG_ORIGIN = ""
    assert log_origin() == "plumbline"
    with pytest.raises(LogKeyError, match="PLUMBLINE_LOG_KEY_FILE"):
        key_file()


def test_latest_is_always_written_and_numbered_files_now_and_then(tmp_path: Path) -> None:
    files = CheckpointFiles(tmp_path / "checkpoints", keep_every=3600)
    assert files.read_latest() is None
    for size in (1, 2, 3):
        files.write(size, f"note {size}\n")
    assert files.read_latest() == "note 3\n"
    assert sorted(entry.name for entry in files.directory.iterdir()) == ["checkpoint-1.txt", "latest"]
