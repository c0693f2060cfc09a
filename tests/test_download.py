"""training.download: a whole archive or a clear message, whatever the server and the line do."""

from __future__ import annotations

import hashlib
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Site, serve
from training import download as downloads
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
    return {p.name for p in folder.iterdir()}


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
