"""What a model's and a study's page on the Hub say: every number derived from the predictions.

Pure functions of a study. May import: the standard library, numpy, huggingface_hub (its classes of
cards), hvc_core's statistics, hvc_core.findings, .markdown, .study.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from huggingface_hub import DatasetCardData, EvalResult, ModelCardData

from hvc_core import markdown
from hvc_core.findings import main_protocol
from hvc_core.hub import snippets
from hvc_core.statistics import counts, stats
from hvc_core.study import Study

LICENSE = "mit"
TAGS = ["video-classification", "human-activity-recognition", "ucf50", "onnx", "hvc"]
INTENDED = (
    "To compare architectures, to learn from, and to name which of these classes a short clip of "
    "one person's activity shows. Not to watch people: it was measured on sport and music videos "
    "of one collection alone, knows no 'none of these' of its own, and nobody measured how it "
    "differs between people."
)
TERMS = (
    "UCF50 is research data drawn from YouTube, for non-commercial research; no licence to "
    "redistribute its clips is known, and none is here. The MIT licence is that of the code and "
    "of the weights as far as they are the authors' own."
)


def of_model(of: Study, model: str, repo: str, study_repo: str, tag: str) -> str:
    """The card of one model's repository, front matter and all.

    Args:
        of: Study.
        model: str. One of its models.
        repo: str. `namespace/name` of the model's repository.
        study_repo: str. That of the study.
        tag: str. Under which this state of both is found.
    """
    entry, data = of.models[model], of.meta["dataset"]
    ran = {
        protocol: stats.summary(of.rows(protocol, model), model, protocol, of.classes)
        for protocol in of.protocols
        if of.has(model, protocol)
    }
    main = max(ran, key=lambda name: (name == main_protocol(of), ran[name].clips), default=None)
    head = ModelCardData(
        library_name="keras",
        pipeline_tag="video-classification",
        license=LICENSE,
        datasets=[study_repo],
        metrics=["accuracy", "f1"],
        tags=[*TAGS, model],
        model_name=f"{entry['title']} ({of.name})",
        eval_results=[
            EvalResult(
                task_type="video-classification",
                dataset_type=study_repo,
                dataset_name=data["note"] or data["name"],
                dataset_config=protocol,
                dataset_split="test",
                metric_type=kind,
                metric_name=f"{name}, protocol {protocol}",
                metric_value=round(value.mean, 4),
            )
            for protocol, found in ran.items()
            for kind, name, value in (
                ("accuracy", "Accuracy", found.accuracy),
                ("f1", "Macro F1", found.f1_macro),
            )
        ],
    )
    size = entry["input"]
    body = f", on {entry['backbone']}" if entry.get("backbone") else ""
    start = "pretrained on ImageNet" if entry["pretrained"] else "trained from scratch"
    parts = [
        f"# {entry['title']}: {len(of.classes)} human activities in video",
        f"{entry['architecture']}{body}, {start}; {entry['parameters']:,} parameters; "
        f"{size['frames']} frames of {size['width']} x {size['height']}, RGB, 0 to 255. One model "
        f"of the study [{of.title}](https://huggingface.co/datasets/{study_repo}), which has every "
        "prediction behind these figures.",
        "## Results",
        _results(of, ran),
        f"Accuracy and macro F1 with 95 % intervals that resample source videos; means over seeds. "
        f"The weights here are of one cell, `{entry.get('weights_of') or 'not recorded'}`, its "
        "first seed and not its best: the others were trained alike and are not here. Protocols "
        "by group test on source videos that the net did not train on; `random` does not, and "
        "flatters.",
        "## Use",
        f"```python\n{snippets.ONNX.format(repo=repo, tag=tag)}```",
        "The same with Keras, which loads it without running any code of this repository:",
        f"```python\n{snippets.KERAS.format(repo=repo)}```",
        "## Intended use and limits",
        INTENDED,
        "## Data and training",
        f"{data['note']}: {data['clips']:,} clips, fingerprint `{data['fingerprint']}`. Code at "
        f"commit `{entry.get('code_commit') or of.meta.get('code_commit')}`; every setting is in "
        "the study's `study.json`. Seeds: "
        + "; ".join(f"{name} {', '.join(map(str, found.seeds))}" for name, found in ran.items())
        + ".",
        TERMS,
    ]
    if main is not None:
        parts += [
            f"## Each class, protocol {main}",
            _classes(of, ran[main]),
            f"## Confusion, protocol {main}",
            "Rows: the true class; columns: the answer; clips, all seeds together.",
            _confusion(of, model, main),
        ]
    return _card(head.to_yaml(), parts)


def of_study(of: Study, repo: str, models: Mapping[str, str], tag: str) -> str:
    """The card of the study's repository.

    Args:
        of: Study.
        repo: str. `namespace/name` of its repository.
        models: model -> its repository.
        tag: str.
    """
    data = of.meta["dataset"]
    tables = ("predictions", "history", "validation", "unseen")
    head = DatasetCardData(
        license=LICENSE,
        pretty_name=of.title,
        task_categories=["video-classification"],
        tags=TAGS,
        configs=[
            {"config_name": name, "data_files": f"{name}.parquet"}
            for name in tables
            if (of.folder / f"{name}.parquet").is_file()
        ],
    )
    listed = "\n".join(
        f"- [{of.models[model]['title']}](https://huggingface.co/{name}), `{model}`"
        for model, name in models.items()
    )
    parts = [
        f"# {of.title}",
        f"Predictions, metrics, costs and histories of {len(of.models)} video classifiers on "
        f"{data['note'] or data['name']}: {data['clips']:,} clips of {len(of.classes)} classes, "
        f"fingerprint `{data['fingerprint']}`. No clip, frame or feature is here.",
        "## Who wins",
        markdown.verdicts(of),
        "## Accuracy of every model under every protocol",
        markdown.matrix(of),
        "Means over seeds, with 95 % intervals that resample source videos.",
        "## The protocols",
        "\n".join(f"- `{name}`: {said['description']}" for name, said in of.protocols.items()),
        "## Models with weights",
        listed or "None was exported.",
        "## Use",
        f"```python\n{snippets.STUDY.format(repo=repo, tag=tag)}```",
        "The pages of hvc show it whole, models and all:",
        f"```bash\nHVC_STUDY=hf:{repo}@{tag} streamlit run dashboard/app.py\n```",
        "## Each class",
        markdown.classes(of),
        "## Intended use and limits",
        INTENDED,
        "## Data terms",
        TERMS,
    ]
    return _card(head.to_yaml(), parts)


def _card(head: str, parts: list[str]) -> str:
    return f"---\n{head}\n---\n\n" + "\n\n".join(parts) + "\n"


def _results(of: Study, ran: Mapping[str, stats.Summary]) -> str:
    rows = [
        "| protocol | clips | seeds | accuracy | macro F1 |",
        "| --- | ---: | ---: | --- | --- |",
    ]
    rows += [
        f"| `{name}` | {found.clips:,} | {len(found.seeds)} | {markdown.percent(found.accuracy)} "
        f"| {markdown.percent(found.f1_macro)} |"
        for name, found in ran.items()
    ]
    return "\n".join(rows) if ran else "No predictions of it are in the study."


def _classes(of: Study, found: stats.Summary) -> str:
    rows = ["| class | F1 | precision | recall |", "| --- | --- | --- | --- |"]
    for name in of.classes:
        each = (found.f1[name], found.precision[name], found.recall[name])
        rows.append(f"| {name} | " + " | ".join(markdown.percent(one) for one in each) + " |")
    return "\n".join(rows)


def _confusion(of: Study, model: str, protocol: str) -> str:
    matrix: np.ndarray = counts.confusion(of.rows(protocol, model), of.classes)
    rows = ["| | " + " | ".join(of.classes) + " |", "| --- |" + " ---: |" * len(of.classes)]
    for name, row in zip(of.classes, matrix.tolist(), strict=True):
        rows.append(f"| {name} | " + " | ".join(str(n) if n else "" for n in row) + " |")
    return "\n".join(rows)
