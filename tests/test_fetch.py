"""training.fetch and its parts: a server on the loopback, real and pretended unpackers."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import ssl
import stat
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Site, serve
from training import __main__ as command_line
from training import download as downloads
from training import fetch, unpack
from training.download import FetchError, download

CONTENT = bytes(range(256)) * 12_000  # 3 MB: several pieces
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CUT = 1_200_000


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(CONTENT) as site:
        yield site


def get(site: Site, folder: Path, sha256: str | None = None) -> str:
    return download(site.url, folder / "UCF50.rar", sha256, wait=lambda seconds: None)


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def check_whole(folder: Path) -> None:
    assert files(folder) == {"UCF50.rar"}
    assert (folder / "UCF50.rar").read_bytes() == CONTENT


def leave_half(site: Site, folder: Path) -> None:
    """What a call that was cut off for good leaves behind."""
    site.cuts, site.last = [CUT], 1
    with pytest.raises(FetchError, match="goes on from there"):
        get(site, folder)
    assert files(folder) == {"UCF50.rar.part", "UCF50.rar.part.json"}
    assert (folder / "UCF50.rar.part").stat().st_size == CUT
    site.last = None
    site.asked.clear()


# --- the download


def test_a_whole_download(site, tmp_path):
    assert get(site, tmp_path) == SHA256
    check_whole(tmp_path)
    assert site.ranges_asked == [None]


def test_a_cut_connection_goes_on_where_it_broke(site, tmp_path):
    site.cuts = [CUT, 1_100_000, 3]
    assert get(site, tmp_path, SHA256) == SHA256
    check_whole(tmp_path)
    assert site.ranges_asked == [None, f"bytes={CUT}-", "bytes=2300000-", "bytes=2300003-"]
    assert {h["If-Range"] for h in site.asked[1:]} == {'"one"'}


def test_a_later_call_goes_on(site, tmp_path):
    leave_half(site, tmp_path)
    assert get(site, tmp_path) == SHA256
    check_whole(tmp_path)
    assert site.ranges_asked == [f"bytes={CUT}-"]


def test_killed_after_the_last_byte(site, tmp_path):
    leave_half(site, tmp_path)
    (tmp_path / "UCF50.rar.part").write_bytes(CONTENT)
    assert get(site, tmp_path) == SHA256  # the server answers 416: nothing is left
    check_whole(tmp_path)
    assert site.ranges_asked == [f"bytes={len(CONTENT)}-"]


def test_a_server_without_ranges_starts_again(site, tmp_path):
    site.ranges = False
    leave_half(site, tmp_path)
    assert get(site, tmp_path) == SHA256
    check_whole(tmp_path)


@pytest.mark.parametrize("heed_if_range", [True, False])
@pytest.mark.parametrize("longer", [0, 1000])
def test_a_file_that_changed_on_the_server_starts_again(site, tmp_path, heed_if_range, longer):
    leave_half(site, tmp_path)
    site.content, site.etag = CONTENT[::-1] + b"x" * longer, '"two"'
    site.heed_if_range = heed_if_range
    assert get(site, tmp_path) == hashlib.sha256(site.content).hexdigest()
    assert (tmp_path / "UCF50.rar").read_bytes() == site.content


def test_a_file_that_became_shorter_than_what_is_here(site, tmp_path):
    leave_half(site, tmp_path)
    site.content = CONTENT[:1000]
    site.heed_if_range = False
    get(site, tmp_path)  # 416, then the whole file
    assert (tmp_path / "UCF50.rar").read_bytes() == CONTENT[:1000]


def test_a_weak_etag_is_not_relied_on(site, tmp_path):
    site.etag = 'W/"weak"'
    leave_half(site, tmp_path)
    get(site, tmp_path)
    assert site.asked[0]["If-Range"] == site.modified
    check_whole(tmp_path)


def test_bytes_of_unknown_origin_are_not_gone_on_from(site, tmp_path):
    (tmp_path / "UCF50.rar.part").write_bytes(b"something else")
    get(site, tmp_path)
    assert site.ranges_asked == [None]
    check_whole(tmp_path)


@pytest.mark.parametrize("notes", ["", "[]", "{}", '{"url": 1}'])
def test_damaged_notes_start_again(site, tmp_path, notes):
    leave_half(site, tmp_path)
    (tmp_path / "UCF50.rar.part.json").write_text(notes)
    get(site, tmp_path)
    assert site.ranges_asked == [None]
    check_whole(tmp_path)


def test_another_address_starts_again(site, tmp_path):
    leave_half(site, tmp_path)
    site.url += "?mirror"
    get(site, tmp_path)
    assert site.ranges_asked == [None]
    check_whole(tmp_path)


def test_errors_of_the_server_pass(site, tmp_path):
    site.statuses = [500, 503, 429]
    assert get(site, tmp_path) == SHA256
    assert len(site.asked) == 4


def test_errors_of_the_server_stay(site, tmp_path):
    site.statuses = [500] * 20
    waits: list[float] = []
    with pytest.raises(FetchError, match="answers 500"):
        download(site.url, tmp_path / "UCF50.rar", wait=waits.append)
    assert len(site.asked) == downloads.TRIES
    assert waits == sorted(waits)
    assert files(tmp_path) == set()


def test_no_such_file_is_not_tried_again(site, tmp_path):
    site.statuses = [404]
    with pytest.raises(FetchError, match="404 Not Found; check the address"):
        get(site, tmp_path)
    assert len(site.asked) == 1


def test_a_length_that_is_not_true(site, tmp_path):
    site.declared = 1000
    with pytest.raises(FetchError, match="gave up"):
        get(site, tmp_path)
    assert "UCF50.rar" not in files(tmp_path)


def test_a_long_way_in_short_steps(site, tmp_path):
    leave_half(site, tmp_path)
    site.etag = '"two"'  # begins again, and is cut more often than there are tries in vain
    site.cuts = [100_000] * 12
    assert get(site, tmp_path) == SHA256
    assert len(site.asked) == 13


def test_no_length_at_all(site, tmp_path):
    site.length = False
    with pytest.raises(FetchError, match="does not say how long"):
        get(site, tmp_path)
    assert "UCF50.rar" not in files(tmp_path)


def test_chunks_tell_their_end(site, tmp_path):
    site.chunked, site.cuts = True, [CUT]
    assert get(site, tmp_path) == SHA256
    check_whole(tmp_path)
    assert site.ranges_asked == [None, None]


def test_a_web_page_is_no_archive(site, tmp_path):
    site.content_type = "text/html; charset=utf-8"
    with pytest.raises(FetchError, match="a web page came"):
        get(site, tmp_path)
    assert files(tmp_path) == set()


def test_the_wrong_hash(site, tmp_path):
    with pytest.raises(FetchError, match=SHA256) as caught:
        get(site, tmp_path, "0" * 64)
    assert "delete UCF50.rar.part" in str(caught.value)
    assert "UCF50.rar" not in files(tmp_path)
    site.asked.clear()
    assert get(site, tmp_path, SHA256.upper()) == SHA256  # the right one needs no new byte
    assert site.ranges_asked == [f"bytes={len(CONTENT)}-"]
    check_whole(tmp_path)


def test_nobody_answers(tmp_path):
    with serve(CONTENT) as site:
        pass
    with pytest.raises(FetchError, match="the connection broke"):
        get(site, tmp_path)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/UCF50.rar", "file:///etc/passwd", "UCF50.rar"])
def test_other_schemes(tmp_path, url):
    with pytest.raises(FetchError, match="https://"):
        download(url, tmp_path / "UCF50.rar")


def test_a_certificate_that_cannot_be_verified(tmp_path, monkeypatch):
    def urlopen(*args, **kwargs):
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_message = "unable to get local issuer certificate"
        raise urllib.error.URLError(error)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(FetchError, match="unable to get local issuer") as caught:
        download("https://127.0.0.1/UCF50.rar", tmp_path / "UCF50.rar")
    assert "SSL_CERT_FILE" in str(caught.value)
    assert "browser" in str(caught.value)


def test_no_room_on_the_disk(site, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(FetchError, match="make room"):
        get(site, tmp_path)


def test_a_folder_that_may_not_be_written_to(site, tmp_path):
    (tmp_path / "UCF50.rar.part").mkdir()  # stands in for it: root may write anywhere
    with pytest.raises(FetchError, match=r"UCF50\.rar\.part"):
        get(site, tmp_path)


# --- unpacking


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
