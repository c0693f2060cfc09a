"""Twenty visitors at once, each with a clip of their own: does everyone get their own answer, and
what does the server hold?

The visitors speak the app's own protocol (Streamlit's WebSocket messages), so that the machine's
cores serve the app and not twenty browsers. May import: the standard library, numpy, streamlit's
messages, websockets, hvc_core.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import BenchmarkError, Row, within
from hvc_core import video

ROOT = Path(__file__).resolve().parent.parent
VISITORS, ROUNDS = 20, 10  # at once; uploads of each, 200 in all
MEMORY = 700.0  # MB: what Streamlit Community Cloud gives, rounded up
GROWTH = 25.0  # MB that the last rounds may hold more than the first ones after warming up
WARM = 60.0  # seconds of visits before: twice as long as the server keeps one that was left
WAIT = 600.0  # seconds that a visitor waits for anything at all
NOTE = (
    "{visitors} visitors at a time, {rounds} rounds, each a new visit that uploads a clip of its "
    "own of {size:.1f} MB at most on Try a clip, over Streamlit's own protocol on the loopback, "
    "two clips at work at once. "
    "Before them as many visits as fit in {warm:.0f} s, since one that was left is kept for 30 s. "
    "An answer is right where it is the one that the same clip got alone, before. Memory is that "
    "of the server and of its decoding processes together (proportional set size), looked at ten "
    "times a second."
)


def measure(study: Path, clip: Path, quick: bool = False) -> Iterator[Row]:
    """Lets visitors come to the app, and holds what they get to what each clip gets alone.

    Args:
        study: Path. What the app shows; it has weights.
        clip: Path. What the visitors' clips are made from.
        quick: bool. Few visitors, to show that it works.

    Raises:
        BenchmarkError: the app does not start, or a visitor got no answer or another's.
    """
    visitors, rounds = (3, 2) if quick else (VISITORS, ROUNDS)
    clips = [(f"visitor-{n:02d}.mp4", content) for n, content in enumerate(made(clip, visitors))]
    with served(study) as (url, pid), Watch(pid) as watch:
        alone = {name: visit(url, name, content) for name, content in clips}
        if len({one.said for one in alone.values()}) < len(clips):
            raise BenchmarkError("two clips get the same answer: nobody could tell a mix-up")
        waits: list[float] = []
        rng = random.Random(0)
        begun = time.monotonic()
        while len(waits) < visitors * rounds:
            rng.shuffle(clips)
            with ThreadPoolExecutor(visitors) as pool:
                found = list(pool.map(lambda one: visit(url, *one), clips))
            for (name, _), one in zip(clips, found, strict=True):
                if one.said != alone[name].said:
                    raise BenchmarkError(f"{name} got another answer than alone")
            watch.mark()
            if quick or time.monotonic() - begun > WARM:
                waits += [one.seconds for one in found]
    if not watch.peak:
        raise BenchmarkError("how much memory a process holds can be read on Linux alone")
    size = max(len(content) for _, content in clips) / 1e6
    note = NOTE.format(visitors=visitors, rounds=rounds, warm=0 if quick else WARM, size=size)
    of, every = study.name, f"{len(waits)} uploads, {visitors} at once"
    single = [one.seconds for one in alone.values()]
    yield within("Upload to both answers in a visit, alone", single, None, "s", of, note)
    yield within(f"{every}: median wait for both answers", waits, None, "s", of, note)
    yield within(f"{every}: longest wait", [max(waits)], None, "s", of, note)
    yield within(f"{every}: most memory", [watch.peak / 1e6], MEMORY, "MB", of, note)
    counted = watch.marks[-rounds:]
    first, last = np.mean(counted[:2]), np.mean(counted[-2:])  # two rounds, for one is noise
    grown = float(last - first) / 1e6
    yield within("Memory of the last two rounds over that of the first two", [grown], GROWTH, "MB",
                 of, note)  # fmt: skip


def made(clip: Path, count: int) -> list[bytes]:
    """As many clips as asked for, each the given one shifted and darkened in a way of its own."""
    whole, rate = video.whole(clip), Fraction(video.probe(clip).fps or 25)
    like = whole.frames[0]
    found = []
    for number in range(count):
        planes = []
        for frame in whole.frames:
            image = frame.to_ndarray(format="yuv420p")
            height = frame.height
            shade = 1 - 0.4 * number / max(count - 1, 1)
            luma = (np.roll(image[:height], 9 * number, axis=1) * shade).astype(np.uint8)
            planes.append(np.concatenate([luma, image[height:]]))
        found.append(video.h264(planes, rate.limit_denominator(1001), 23, like, "veryfast"))
    return found


# -- one visit -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """What a visitor got.

    Attributes:
        said: str. Both answers: the charts of each model's likeliest classes, the file's name, and
            the addresses of the pictures of its frames.
        seconds: float. From the end of the upload to the last answer.
    """

    said: str
    seconds: float


def visit(url: str, name: str, content: bytes) -> Visit:
    """Opens Try a clip, uploads a clip, and waits for both answers.

    Raises:
        BenchmarkError: there are none.
    """
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from websockets.sync.client import connect

    with connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=["streamlit"],  # type: ignore[list-item]
        max_size=None,
        open_timeout=WAIT,
        compression=None,
        ping_interval=None,  # a busy server is no broken line
    ) as line:
        ask = BackMsg()
        ask.rerun_script.page_name = "try_a_clip"
        line.send(ask.SerializeToString())
        messages = list(_stream(line))
        sessions = [m.new_session for m in messages if m.WhichOneof("type") == "new_session"]
        uploaders = [e.file_uploader.id for e in _elements(messages) if e.HasField("file_uploader")]
        if not sessions or not uploaders:
            raise BenchmarkError("the app shows no place to upload a clip: has its study weights?")
        ask = BackMsg()
        ask.file_urls_request.request_id = str(uuid.uuid4())
        ask.file_urls_request.file_names.append(name)
        ask.file_urls_request.session_id = sessions[0].initialize.session_id
        line.send(ask.SerializeToString())
        while True:
            message = _next(line)
            if message.WhichOneof("type") == "file_urls_response":
                break
        (place,) = message.file_urls_response.file_urls
        _put(f"{url}{place.upload_url}", name, content)
        started = time.perf_counter()
        ask = BackMsg()
        ask.rerun_script.page_name = "try_a_clip"
        state = ask.rerun_script.widget_states.widgets.add()
        state.id = uploaders[0]
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), place.file_id
        info.file_urls.CopyFrom(place)
        line.send(ask.SerializeToString())
        charts: dict[str, str] = {}
        frames: set[str] = set()  # their addresses hold a digest of what they show
        named = 0.0
        for message in _stream(line):
            for element in _elements([message]):
                kind = element.WhichOneof("type")
                if kind == "plotly_chart" and ": top " in element.plotly_chart.spec:
                    charts.setdefault(element.plotly_chart.id, element.plotly_chart.spec)
                    named = time.perf_counter() - started
                elif kind == "markdown" and element.markdown.body == f"**{name}**":
                    charts["name"] = name
                elif kind == "imgs":
                    frames |= {one.url for one in element.imgs.imgs}
                elif kind == "alert" and "No answer" in str(element.alert):
                    raise BenchmarkError(f"{name}: {element.alert.body}")
        if len(charts) != 3:
            raise BenchmarkError(f"{name}: {len(charts)} of 3 parts of the answer came")
        if not frames:
            raise BenchmarkError(f"{name}: no picture of its frames came")
        return Visit(json.dumps([sorted(charts.items()), sorted(frames)]), named)


def _next(line: Any) -> Any:
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    message = ForwardMsg()
    message.ParseFromString(line.recv(timeout=WAIT))
    return message


def _stream(line: Any) -> Iterator[Any]:
    """Messages until the script has ended; a run that another one follows is not the end."""
    while True:
        message = _next(line)
        yield message
        if message.WhichOneof("type") == "script_finished" and message.script_finished in (0, 1):
            return


def _elements(messages: Sequence[Any]) -> Iterator[Any]:
    for message in messages:
        if message.WhichOneof("type") == "delta" and message.delta.HasField("new_element"):
            yield message.delta.new_element


def _put(url: str, name: str, content: bytes) -> None:
    edge = uuid.uuid4().hex
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    request = urllib.request.Request(url, body, kind, method="PUT")
    with urllib.request.urlopen(request, timeout=WAIT) as answer:
        if answer.status != 204:
            raise BenchmarkError(f"the upload of {name} was answered with {answer.status}")


# -- the server ----------------------------------------------------------------------------------


@contextlib.contextmanager
def served(study: Path) -> Iterator[tuple[str, int]]:
    """The app as the Dockerfile starts it: its address and its process's number."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", f"--server.port={port}"]
    words += ["--server.address=127.0.0.1", "--server.headless=true"]
    words += ["--server.enableXsrfProtection=false"]
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, "HVC_STUDY": str(study.resolve())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise BenchmarkError("the app does not start: try `make dashboard`")
            with contextlib.suppress(OSError, urllib.error.URLError):
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).close()
                break
            time.sleep(0.1)
        yield url, process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Watch:
    """Looks at the memory of a process and of its children, until the block ends.

    Attributes:
        peak: int. The most bytes that they held together.
        marks: list of int. The most since the mark before, at each `mark`.
    """

    def __init__(self, pid: int) -> None:
        self.peak = self._since = 0
        self.marks: list[int] = []
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def mark(self) -> None:
        """Notes the most that was held since the last mark."""
        self.marks.append(self._since)
        self._since = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            held = sum(map(held_by, [self._pid, *children(self._pid)]))
            self.peak, self._since = max(self.peak, held), max(self._since, held)


def children(pid: int) -> list[int]:
    """The processes that a process has started, on Linux; none elsewhere."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(one) for one in file.read_text().split()]
    return found


def held_by(pid: int) -> int:
    """Bytes of memory that a process holds, shared ones divided among those who share them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0
