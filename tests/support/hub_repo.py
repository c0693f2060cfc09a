"""A repository of the test's Hub: its commits, tags and files, in memory.

May import: the standard library.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

Files = dict[str, bytes]


@dataclass
class Repo:
    """A repository that begins with the one commit that the Hub itself makes.

    Attributes:
        name: str. `namespace/name`.
        private: bool.
        commits: list of (40 hex digits, files, message), the newest last.
        tags: tag -> commit.
    """

    name: str
    private: bool = False
    commits: list[tuple[str, Files, str]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.commit({".gitattributes": b"*.h5 filter=lfs\n"}, "initial commit")

    @property
    def head(self) -> str:
        """The newest commit."""
        return self.commits[-1][0]

    def commit(self, files: Files, message: str) -> str:
        """Adds a commit with these files alone; returns its name."""
        whole = hashlib.sha1(f"{self.name} {len(self.commits)} {message}".encode())
        for path, content in sorted(files.items()):
            whole.update(path.encode() + content)
        self.commits.append((whole.hexdigest(), dict(files), message))
        return self.head

    def at(self, revision: str) -> tuple[str, Files] | None:
        """The commit that a branch, tag or commit names, with its files."""
        wanted = self.head if revision == "main" else self.tags.get(revision, revision)
        return next((one[:2] for one in self.commits if one[0] == wanted), None)


def oid(content: bytes) -> str:
    """The name that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
