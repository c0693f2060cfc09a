"""The command line: `python -m training COMMAND …`; `--help` lists the commands.

May import: the standard library and hvc_core's light modules. A command's own module is loaded
only when that command is asked for, so that `index` and `fetch` never wait for TensorFlow.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

# Each command lives in training/<command>.py, with add_parser(subparsers) and run(args) -> int.
COMMANDS = {
    "index": "list a data folder: classes, groups, clips, unreadable files, fingerprint",
    "fetch": "download and unpack UCF50",
    "audit": "find clips of different source videos that show the same film",
    "train": "train the cells of a recipe that a study lacks",
    "evaluate": "derive a study's metrics from its predictions again, or check them",
    "stress": "put a study's models to spoilt clips, and to clips of none of its classes",
    "predict": "put clips through every model of a study",
    "export": "write a study's models as Keras weights and ONNX, and measure their parity",
    "publish": "put a study and its models onto the Hugging Face Hub",
    "pull": "download a published study and its models from the Hugging Face Hub",
    "space": "write the folder of a Docker Space that shows a study",
}
EPILOG = "`python -m training COMMAND --help` says more about one command."
# Errors that are for a person to act on: their message is enough, a traceback would hide it.
PEOPLE_ERRORS = (
    ("hvc_core.clips", "DataError"),
    ("hvc_core.export", "ExportError"),
    ("hvc_core.fit", "FitError"),
    ("hvc_core.hub.push", "PublishError"),
    ("hvc_core.limits", "VideoError"),
    ("hvc_core.recipe", "RecipeError"),
    ("hvc_core.splits", "SplitError"),
    ("hvc_core.storage", "StudyError"),
    ("training.download", "FetchError"),
    ("training.ray_task", "EngineError"),
)
FAILED, INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the words after `python -m training`; None takes the process's own.

    Returns:
        The exit status: 0 done, 1 a check found a difference, 2 cannot be done (the message on
        standard error says why and what to do), 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    command = words[0] if words and words[0] in COMMANDS else None
    try:
        args = _parser(command).parse_args(words)
        return int(args.run(args))
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from what is finished", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has left: close quietly, and keep the flush at exit from raising.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("hvc_core", "training", ""):
            raise
        print(
            f"python -m training {command}: needs the package {error.name}, which is not "
            "installed; `pip install -r requirements.txt` installs all that the command line needs",
            file=sys.stderr,
        )
        return FAILED
    except Exception as error:
        if not isinstance(error, people_errors()):
            raise
        print(f"python -m training {command}: {error}", file=sys.stderr)
        return FAILED


def _parser(command: str | None) -> argparse.ArgumentParser:
    """The parser: the named command in full, the others by their one line of help only."""
    parser = argparse.ArgumentParser(
        prog="python -m training", description="Train and judge the models.", epilog=EPILOG
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        if name == command:
            importlib.import_module(f"training.{name}").add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=line)
    return parser


def people_errors() -> tuple[type[Exception], ...]:
    """The error classes of the modules that are loaded: no other can have been raised."""
    return tuple(
        getattr(sys.modules[module], name)
        for module, name in PEOPLE_ERRORS
        if module in sys.modules
    )


if __name__ == "__main__":
    sys.exit(main())
