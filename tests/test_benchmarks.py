"""The benchmark's pure parts, its command line, and one quick run of all of it."""

from __future__ import annotations

import csv
import subprocess
import sys

import pytest

from benchmarks import __main__ as cli
from benchmarks import kit, million, pages, results, table, timing
from benchmarks.results import BenchmarkError, Context, Row
from hvc_core import latency, study
from hvc_core.findings import stored

CONTEXT = Context(
    "Some(R) CPU @ 2.60GHz (x86_64), 4 cores", "Python 3.11.7", "2026-01-31T12:00Z", 0.1
)
FASTER = results.compare(
    "Upload to both answers", [50.0, 60.0, 55.0], [500.0, 540.0, 660.0], "ms", 4,
    clip="a.mp4", note="steady",
)  # fmt: skip
SLOWER = results.compare("Training", [20.0], [10.0], "clips/s", 5, more_is_better=True)
PARITY = results.at_most("Parity of lrcn", 2.5e-7, 1e-4, "", 5, "largest")


def save(folder, kind="serve", rows=(FASTER,), context=CONTEXT):
    return results.write(folder, kind, rows, context)


# -- rows ----------------------------------------------------------


def test_ratio_is_of_the_medians_and_its_extremes_of_neighbouring_runs():
    assert (FASTER.ours, FASTER.common) == (55, 540)
    assert FASTER.ratio == pytest.approx(540 / 55)
    assert (FASTER.ratio_min, FASTER.ratio_max) == pytest.approx((9, 12))
    assert (FASTER.met, FASTER.runs) == ("yes", 3)


def test_more_clips_a_second_are_better():
    assert SLOWER.ratio == 2
    assert SLOWER.met == "no"


def test_without_a_target_nothing_is_met_or_missed():
    row = results.compare("x", [1.0], [2.0], "ms")
    assert (row.target, row.met, results.missed(row)) == ("", "", "")


def test_missed_says_by_how_much():
    assert results.missed(FASTER) == ""
    assert results.missed(SLOWER) == "Training: 2.00 times instead of 5, 60 % short"
    wrong = results.at_most("Parity of lrcn", 3e-4, 1e-4, "", 5, "")
    assert results.missed(wrong) == "Parity of lrcn: 0.0003, 3 times the limit"


def test_a_limit_is_of_the_median_and_there_need_be_none():
    row = results.within("Opening", [3.5, 2.0, 2.5], 3, "s", "a study", "note")
    assert (row.ours, row.ours_min, row.ours_max, row.runs) == (2.5, 2, 3.5, 3)
    assert (row.target, row.met, row.common, row.ratio) == ("<= 3", "yes", None, None)
    slow = results.within("Opening", [4.5], 3, "s")
    assert results.missed(slow) == "Opening: 4.5, 1.5 times the limit"
    assert table.verdict(slow) == "≤ 3, **missed**"
    free = results.within("Opening", [4.5], None, "s")
    assert (free.target, free.met, results.missed(free)) == ("", "", "")


def test_figures_are_taken_in_turns():
    order: list[str] = []

    def way(name, value):
        order.append(name)
        return value

    assert timing.in_turns(lambda: way("a", 1.0), lambda: way("b", 2.0), 2) == ([1, 1], [2, 2])
    assert order == ["a", "b", "a", "b"]


# -- files ----------------------------------------------------------


@pytest.mark.parametrize(
    ("hardware", "expected"),
    [
        (CONTEXT.hardware, "some-cpu-2-60ghz-x86-64-4-cores"),
        ("Intel(R) Core(TM) i7-8700 CPU, 12 cores", "intel-core-i7-8700-cpu-12-cores"),
        ("../../etc/passwd", "etc-passwd"),
        ("é/", "unknown"),
    ],
)
def test_slug(hardware, expected):
    assert results.slug(hardware) == expected


def test_written_rows_are_read_back(tmp_path):
    file = save(tmp_path, rows=[FASTER, PARITY])
    assert file.name == "serve-some-cpu-2-60ghz-x86-64-4-cores.csv"
    (first, second), context = results.read(file)
    assert first.ratio == pytest.approx(FASTER.ratio, rel=1e-5)
    assert (first.what, first.runs, first.note) == (FASTER.what, FASTER.runs, FASTER.note)
    assert second == PARITY
    assert context == CONTEXT
    assert [path.name for path in tmp_path.iterdir()] == [file.name]  # no temporary file left


def test_columns_are_those_promised(tmp_path):
    with save(tmp_path).open(newline="") as file:
        columns = next(csv.reader(file))
    promised = "what ours common ratio unit target met runs versions date clip".split()
    assert set(promised) < set(columns)


def test_a_second_run_replaces_the_first(tmp_path):
    save(tmp_path)
    rows, _ = results.read(save(tmp_path, rows=[SLOWER]))
    assert [row.what for row in rows] == ["Training"]


@pytest.mark.parametrize("content", ["", "what,ours\nx,1\n", "no comma at all", None])
def test_a_broken_file_is_named(tmp_path, content):
    file = save(tmp_path)
    if content is None:  # cut within the last row
        content = file.read_text()[:-40]
    file.write_text(content)
    with pytest.raises(BenchmarkError, match=r"serve-some.*make benchmark"):
        results.read(file)


def test_newest_takes_all_kinds_of_the_machine_measured_last(tmp_path):
    other = Context("Other, 2 cores", "Python 3.12.1", "2026-02-01T08:00Z", 0.0)
    save(tmp_path, "train", [SLOWER])
    save(tmp_path, "train", [SLOWER], other)
    save(tmp_path, "serve", [FASTER], other)
    (tmp_path / "notes.csv").write_text("not ours\n")
    rows, contexts = results.newest(tmp_path)
    assert list(rows) == ["serve", "train"]
    assert {context.hardware for context in contexts.values()} == {"Other, 2 cores"}


def test_newest_of_nothing_says_what_to_do(tmp_path):
    with pytest.raises(BenchmarkError, match="make benchmark"):
        results.newest(tmp_path)


# -- the README's table ----------------------------------------------------------


def test_table():
    text = table.table(
        {"serve": [FASTER], "train": [SLOWER], "parity": [PARITY]},
        dict.fromkeys(("serve", "train", "parity"), CONTEXT),
    )
    lines = text.splitlines()
    assert lines[2] == (
        "| Upload to both answers (`a.mp4`) [1] | 55 ms | 540 ms | 9.8x (9.0 to 12.0) | ≥ 4x, met |"
    )
    assert lines[3].endswith("| 20 clips/s | 10 clips/s | 2.0x (2.0 to 2.0) | ≥ 5x, **missed** |")
    assert lines[4] == "| Parity of lrcn [2] | 2.5e-07 | – | – | ≤ 0.0001, met |"
    assert {line.count("|") for line in lines[:5]} == {6}
    assert "4 cores" in lines[6] and "2026-01-31" in lines[6]
    assert lines[-2:] == ["1. steady", "2. largest"]


def test_readme_gets_the_table_between_its_markers(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
    assert table.put_into_readme(readme, "| new |")
    expected = f"before\n{table.BEGIN}\n| new |\n{table.END}\nafter\n"
    assert readme.read_text(encoding="utf-8") == expected
    assert not table.put_into_readme(readme, "| new |")  # the second time nothing changes


@pytest.mark.parametrize("content", ["no markers", f"{table.END} {table.BEGIN}", table.BEGIN, None])
def test_a_readme_without_markers_stays_as_it_is(tmp_path, content):
    readme = tmp_path / "README.md"
    if content is not None:
        readme.write_text(content)
    with pytest.raises(BenchmarkError, match=r"README\.md"):
        table.put_into_readme(readme, "| new |")
    assert content is None or readme.read_text() == content


def test_kept_results_and_the_readme_agree(root):
    """What the README shows is what the CSVs hold."""
    readme = root / "README.md"
    if not readme.exists() or not list(cli.RESULTS.glob("*.csv")):
        pytest.skip("no README.md or no kept results yet")
    expected = table.table(*results.newest(cli.RESULTS))
    between = readme.read_text(encoding="utf-8").split(table.BEGIN)[1].split(table.END)[0]
    assert between.strip() == expected


# -- the command line ----------------------------------------------------------


def test_readme_option_measures_nothing(tmp_path, capsys):
    save(tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text(f"{table.BEGIN}\n{table.END}\n")
    words = ["--readme", str(readme), "--results", str(tmp_path)]
    assert cli.main(words) == 0
    assert "Upload to both answers" in readme.read_text(encoding="utf-8")
    assert cli.main(words) == 0
    assert "nothing to change" in capsys.readouterr().out


def test_a_missing_clip_is_said_before_anything_is_measured(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert cli.main(["--clip", str(tmp_path / "no.mp4")]) == 2
    assert "no.mp4: no such clip" in capsys.readouterr().err


def test_another_backend_is_refused(capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert cli.main(["--quick"]) == 2
    assert "KERAS_BACKEND" in capsys.readouterr().err


def test_a_missed_target_is_said_and_is_no_error(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(kit, "prepare", lambda *_: None)
    monkeypatch.setattr(cli, "measure", lambda *_: [SLOWER])
    words = ["--only", "train", "--results", str(tmp_path)]
    assert cli.main(words) == 0
    assert "MISSED  Training: 2.00 times instead of 5" in capsys.readouterr().out
    assert [path.name.split("-")[0] for path in tmp_path.iterdir()] == ["train"]


def test_context_names_what_figures_depend_on():
    context = cli.context()
    assert "cores" in context.hardware
    assert "onnxruntime" in context.versions and "tensorflow" in context.versions
    assert results.slug(context.hardware) != "unknown"


def test_real_clip_is_found_where_the_data_is(tmp_path):
    assert kit.real_clip(tmp_path) is None
    clip = tmp_path / "Punch" / f"{kit.REAL}.avi"
    clip.parent.mkdir()
    clip.touch()
    assert kit.real_clip(tmp_path) == clip


def test_peak_is_of_the_process_itself_not_of_who_started_it():
    held = bytearray(300_000_000)  # what getrusage would pass on to a child
    held[::4096] = b"x" * len(held[::4096])
    code = "from hvc_core.latency import peak_memory; print(peak_memory())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux passes a parent's peak on")
    assert int(out.stdout) < 200_000_000 < latency.peak_memory()


# -- opening studies and turning pages ----------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return million.make(tmp_path_factory.mktemp("million") / "study", million.SMALL)


def test_the_made_study_is_whole_and_as_large_as_it_says(small):
    of = study.read(small)
    assert len(of.predictions) == million.SMALL.rows
    assert study.check(small) == []
    assert stored.load(of) == stored.derive(of)
    assert of.predictions.equals(of.predictions.sort_values(study.KEY))
    tested = of.predictions.groupby("protocol")["clip"].nunique().to_dict()
    assert tested == {"group5": 100, "holdout": 20, "logo25": 100, "random": 100}


def test_the_large_one_has_a_million_rows_of_50_classes():
    assert (million.MILLION.rows, million.MILLION.classes) == (1_000_000, 50)


def test_every_page_is_turned_twice_in_a_process_of_its_own(root, small):
    found = pages.turn(small)
    assert found["open"] > 0
    assert set(found["pages"]) == {p.stem for p in (root / "dashboard/app_pages").glob("*.py")}
    assert all(len(times) == 2 and min(times) > 0 for times in found["pages"].values())
    assert found["size"] == {"rows": million.SMALL.rows, "models": 3, "classes": 4}


def test_a_study_that_cannot_be_opened_is_said(tmp_path):
    with pytest.raises(BenchmarkError, match="turning its pages failed"):
        pages.turn(tmp_path / "nothing")


def test_the_slowest_pages_are_named_and_single_ones_kept_out_of_the_table(tmp_path, monkeypatch):
    times = {"about": [0.2, 0.1], "cost": [1.5, 0.3], "sure": [2.5, 0.4]}
    size = {"rows": 10, "models": 2, "classes": 3}
    monkeypatch.setattr(pages, "turn", lambda _: {"open": 0.5, "pages": times, "size": size})
    rows = list(pages.measure(tmp_path, 7, quick=True))
    assert {row.clip for row in rows} == {tmp_path.name, f"{million.SMALL.rows:,} rows"}
    opening, first, again, *single = rows[: len(rows) // 2]
    assert (opening.ours, opening.runs, opening.met) == (0.5, pages.RUNS, "yes")
    assert first.what == (
        "Turning to its slowest page, sure, the first time; 2 of 3 pages take over 1 s"
    )
    assert (first.ours, first.met) == (2.5, "no")
    assert (again.what, again.met) == ("Turning to its slowest page, sure, again", "yes")
    assert [row.ours for row in single] == [0.2, 0.1, 1.5, 0.3, 2.5, 0.4]
    save(tmp_path, "pages", rows)
    kept, contexts = results.newest(tmp_path)
    assert len(kept["pages"]) == len(rows)
    text = table.table(kept, contexts)
    assert "Turning to its slowest page, sure" in text and results.PAGE not in text


def test_pages_need_no_models(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(kit, "prepare", lambda *_: pytest.fail("no model is needed"))
    monkeypatch.setattr(pages, "measure", lambda *_: [results.within("x", [1.0], 3, "s")])
    assert cli.main(["--only", "pages", "--quick", "--results", str(tmp_path)]) == 0


# -- all of it, small ----------------------------------------------------------


@pytest.mark.long
def test_quick_run(root, tmp_path):
    words = [sys.executable, "-m", "benchmarks", "--quick", "--results", str(tmp_path)]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[Row]]
    found, _ = results.newest(tmp_path)
    assert list(found) == ["serve", "visitors", "train", "parity", "pages"]
    assert all(row.ours > 0 and (row.common or 0) > 0 for row in found["serve"] + found["train"])
    assert [row.met for row in found["parity"]] == ["yes", "yes"]  # no clock decides this
    assert table.table(*results.newest(tmp_path)).count("\n") > 8
