"""How a study on the Hub is named: `hf:namespace/name@revision`.

May import: the standard library, hvc_core.storage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hvc_core.storage import StudyError

PREFIX = "hf:"
NAME = re.compile(r"\w[\w.-]{0,95}")  # a namespace, or a repository within it
_FORM = re.compile(
    rf"(?:{PREFIX})?(?P<repo>{NAME.pattern}/{NAME.pattern})(?:@(?P<revision>\w[\w./-]{{0,99}}))?"
)


@dataclass(frozen=True)
class Address:
    """A repository at a revision.

    Attributes:
        repo: str. `namespace/name`.
        revision: str. A branch, tag or commit.
    """

    repo: str
    revision: str = "main"

    def __str__(self) -> str:
        return f"{PREFIX}{self.repo}@{self.revision}"


def parse(text: str) -> Address:
    """Reads `namespace/name`, with `hf:` before and `@revision` after it or without.

    Raises:
        StudyError: it is no such address.

    Example:
        >>> parse("hf:someone/ucf50-15@v1").revision
        'v1'
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise no_address(text)
    return Address(found["repo"], found["revision"] or "main")


def no_address(text: str) -> StudyError:
    """The error of a text that names no study."""
    return StudyError(text[:80], None, "is no address of a study", "Write namespace/name@revision.")
