"""training.fetch: from an address to a folder of clips, by real and by pretended unpackers."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.server import serve
from training import __main__ as command_line
from training import fetch, unpack
from training.download import FetchError


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def fake_unpacker(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, body: str) -> None:
    """Puts a program on PATH, in Python; it finds the words of the command in sys.argv."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable}\nimport os, sys, zipfile\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


UNZIP = "zipfile.ZipFile(sys.argv[-2]).extractall(sys.argv[-1])"  # unrar's order of words
FAIL = "print('Unsupported method', file=sys.stderr); sys.exit(3)"


def archive_of(*names: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name in names:
            archive.writestr(name, f"clip {name}")
    return memory.getvalue()


UCF50 = archive_of(
    "UCF50/Punch/v_Punch_g01_c01.avi",
    "UCF50/Punch/v_Punch_g01_c02.avi",
    "UCF50/TaiChi/v_TaiChi_g01_c01.avi",
)
UNPACKED = {
    "UCF50/Punch/v_Punch_g01_c01.avi",
    "UCF50/Punch/v_Punch_g01_c02.avi",
    "UCF50/TaiChi/v_TaiChi_g01_c01.avi",
}


@pytest.fixture
def bin_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_fetching_does_everything_once(tmp_path, bin_folder, monkeypatch, capsys):
    fake_unpacker(bin_folder, monkeypatch, "unrar", UNZIP)
    dest = tmp_path / "deep" / "data"
    sha256 = hashlib.sha256(UCF50).hexdigest()
    with serve(UCF50) as site:
        words = ["fetch", str(dest), "--url", site.url, "--sha256", sha256]
        assert command_line.main(words) == 0
        said = capsys.readouterr().out
        assert files(dest) == UNPACKED | {"UCF50.rar"}
        assert sha256 in said
        assert "2 classes, 3 clips" in said
        assert f"python -m training index {dest / 'UCF50'}" in said
        assert fetch.PAGE in said
        assert command_line.main(words) == 0
        assert "is there already" in capsys.readouterr().out
        (dest / "UCF50.rar").unlink()
        assert command_line.main(words) == 0
        assert len(site.asked) == 1
    assert {p.name for p in dest.iterdir()} == {"UCF50"}


def test_an_archive_without_a_folder_of_its_own(tmp_path, bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "unrar", UNZIP)
    with serve(archive_of("Punch/v_Punch_g01_c01.avi", "Diving/v_Diving_g01_c01.avi")) as site:
        folder = fetch.fetch(tmp_path / "data", site.url)
    assert files(folder) == {"Punch/v_Punch_g01_c01.avi", "Diving/v_Diving_g01_c01.avi"}


def test_an_archive_put_there_by_hand(tmp_path, bin_folder, monkeypatch, capsys):
    fake_unpacker(bin_folder, monkeypatch, "unrar", UNZIP)
    (tmp_path / "UCF50.rar").write_bytes(UCF50)
    with pytest.raises(FetchError, match="delete it to fetch it again"):
        fetch.fetch(tmp_path, "http://127.0.0.1:9/UCF50.rar", "0" * 64)
    assert fetch.fetch(tmp_path, "http://127.0.0.1:9/UCF50.rar") == tmp_path / "UCF50"
    assert "not downloading" in capsys.readouterr().out


def test_no_unpacker_is_said_before_the_download(tmp_path, bin_folder, capsys):
    with serve(UCF50) as site:
        assert command_line.main(["fetch", str(tmp_path / "data"), "--url", site.url]) == 2
        assert not site.asked
    said = capsys.readouterr().err
    assert "no program that unpacks .rar" in said
    for system in ("Debian", "Fedora", "Arch", "macOS", "Windows"):
        assert system in said
    assert not (tmp_path / "data").exists()


def test_gnu_tar_is_not_taken_for_bsdtar(bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "tar", "print('tar (GNU tar) 1.35')")
    with pytest.raises(FetchError, match="no program"):
        unpack.find()
    fake_unpacker(bin_folder, monkeypatch, "tar", "print('bsdtar 3.5.3 - libarchive 3.7.4')")
    assert [name for name, _ in unpack.find()] == ["tar"]


def test_the_next_unpacker_is_tried(tmp_path, bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "unrar", "open(sys.argv[-1] + 'half', 'w'); " + FAIL)
    unzip = "zipfile.ZipFile(sys.argv[-1]).extractall(sys.argv[-2])"
    fake_unpacker(bin_folder, monkeypatch, "unar", unzip)
    with serve(UCF50) as site:
        fetch.fetch(tmp_path / "data", site.url)
    assert files(tmp_path / "data") == UNPACKED | {"UCF50.rar"}


@pytest.mark.parametrize("body", [FAIL, "pass", f"{UNZIP}; sys.exit(1)"])
def test_an_archive_that_does_not_unpack_leaves_nothing(tmp_path, bin_folder, monkeypatch, body):
    fake_unpacker(bin_folder, monkeypatch, "unrar", body)
    dest = tmp_path / "data"
    with serve(UCF50) as site, pytest.raises(FetchError, match="cannot be unpacked") as caught:
        fetch.fetch(dest, site.url)
    assert "unrar:" in str(caught.value)
    assert ("Unsupported method" in str(caught.value)) == (body == FAIL)
    assert {p.name for p in dest.iterdir()} == {"UCF50.rar"}


def test_an_unpacker_that_does_not_start(tmp_path, bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "unrar", "")
    (bin_folder / "unrar").write_text("#!/nowhere/python\n")
    with serve(UCF50) as site, pytest.raises(FetchError, match="does not start"):
        fetch.fetch(tmp_path / "data", site.url)


def test_an_archive_of_something_else(tmp_path, bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "unrar", UNZIP)
    dest = tmp_path / "data"
    with serve(archive_of("notes/readme.txt")) as site, pytest.raises(FetchError, match="no clip"):
        fetch.fetch(dest, site.url)
    assert {p.name for p in dest.iterdir()} == {"UCF50.rar"}


def test_killed_while_unpacking(tmp_path, bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "unrar", UNZIP)
    left = tmp_path / "UCF50.unpacking.tmp" / "UCF50" / "Punch"
    left.mkdir(parents=True)
    (left / "v_Punch_g01_c99.avi").write_bytes(b"half a cl")
    (tmp_path / "UCF50.rar").write_bytes(UCF50)
    fetch.fetch(tmp_path)
    assert files(tmp_path) == UNPACKED | {"UCF50.rar"}


def test_interrupted_while_unpacking(tmp_path, bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "unrar", UNZIP)
    (tmp_path / "UCF50.rar").write_bytes(UCF50)

    def interrupt(command: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(unpack, "_run", interrupt)
    assert command_line.main(["fetch", str(tmp_path)]) == 130
    assert files(tmp_path) == {"UCF50.rar"}
    assert not list(tmp_path.glob("*.tmp"))


def test_no_room_to_unpack(tmp_path, bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "unrar", UNZIP)
    (tmp_path / "UCF50.rar").write_bytes(UCF50)
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(FetchError, match="make room"):
        fetch.fetch(tmp_path)


NO_REAL = pytest.mark.skip("none of bsdtar, unar, 7zz and 7z is installed")
REAL = [name for name in ("bsdtar", "unar", "7zz", "7z") if shutil.which(name)]


@pytest.mark.parametrize("name", REAL or [pytest.param("", marks=NO_REAL)])
def test_a_real_unpacker(tmp_path, monkeypatch, name):
    """They tell an archive by its content, so a zip stands in for the .rar that none can write."""
    monkeypatch.setattr(unpack, "UNPACKERS", {name: unpack.UNPACKERS[name]})
    (tmp_path / "UCF50.rar").write_bytes(UCF50)
    fetch.fetch(tmp_path)
    assert files(tmp_path) == UNPACKED | {"UCF50.rar"}


def test_a_destination_that_is_a_file(tmp_path, bin_folder, monkeypatch):
    fake_unpacker(bin_folder, monkeypatch, "unrar", UNZIP)
    (tmp_path / "data").write_text("")
    with pytest.raises(FetchError, match="no such folder can be made"):
        fetch.fetch(tmp_path / "data")


def test_an_address_that_names_no_file(tmp_path):
    with pytest.raises(FetchError, match="names no archive"):
        fetch.fetch(tmp_path, "http://127.0.0.1/")


@pytest.mark.parametrize("text", ["", "abc", "0" * 63 + "g"])
def test_a_hash_that_is_none(tmp_path, text, capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main(["fetch", str(tmp_path), "--sha256", text])
    assert caught.value.code == 2
    assert "64 hex digits" in capsys.readouterr().err


def test_the_address_is_the_pages():
    assert fetch.URL.rpartition("/")[0] == fetch.PAGE.rpartition("/")[0]
    assert os.path.basename(fetch.URL) == "UCF50.rar"  # noqa: PTH119
