"""`python -m training publish DIR --namespace NAME`: a study and its models onto the Hub.

May import: the standard library, hvc_core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hvc_core import study
from hvc_core.hub import repos


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command's words to the command line."""
    parser = subparsers.add_parser(
        "publish",
        help="put a study and its models onto the Hugging Face Hub",
        description="One repository for the study, one for each model that was exported into it, "
        "and a collection that ties them. The same study twice changes nothing; after a failure "
        "the same command goes on. The token is that of `hf auth login`, or HF_TOKEN.",
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study's folder")
    parser.add_argument(
        "--namespace",
        required=True,
        metavar="NAME",
        help="your name on the Hub, or an organisation's",
    )
    parser.add_argument("--private", action="store_true", help="only you can see what is made now")
    parser.add_argument(
        "--examples",
        type=Path,
        metavar="DATA",
        help="a folder with one folder of clips a class, some of which go along; "
        "only clips that you may share",
    )
    parser.add_argument(
        "--per-class", type=int, default=1, metavar="N", help="how many of each class (1)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the files, their sizes and the cards, no more"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Publishes, or prints what it would; returns 0.

    Raises:
        StudyError: the study is malformed, or its metrics are not what its predictions give.
        PublishError: the Hub did not take it.
    """
    of = study.read(args.study)
    wrong = study.check(args.study)
    if wrong:
        raise study.StudyError(
            args.study / "metrics.json", None,
            f"is not what the predictions give ({wrong[0]})",
            f"Derive it again: python -m training evaluate {args.study}",
        )  # fmt: skip
    clips = repos.examples_of(args.examples, of.classes, args.per_class) if args.examples else []
    plan = repos.plan(of, args.namespace, clips)
    for repo in plan.repos:
        total = sum(repos.size(content) for content in repo.files.values())
        print(f"{repo.kind} {repo.id}: {len(repo.files)} files, {total / 1e6:,.1f} MB")
        if args.dry_run:
            for path, content in repo.files.items():
                print(f"  {repos.size(content):>12,}  {path}")
    absent = [name for name in of.models if not repos.has_weights(of, name)]
    if absent:
        print(f"Without weights, so without a repository: {', '.join(absent)}")
    if args.dry_run:
        for repo in plan.repos:
            card = repo.files["README.md"]
            text = card.decode() if isinstance(card, bytes) else card.read_text("utf-8")
            print(f"\n===== {repo.id}/README.md =====\n{text}")
        return 0
    from hvc_core.hub import push

    push.push(plan, args.private, print)
    print(f"HVC_STUDY=hf:{plan.study.id}@{plan.tag} streamlit run dashboard/app.py")
    return 0
