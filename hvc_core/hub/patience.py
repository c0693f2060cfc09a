"""A client of the Hub that gives up on a server which has fallen silent.

huggingface_hub waits for ever for the list of a repository's files; a download that waits for ever
keeps its place, and its lock, from everybody else.
May import: huggingface_hub (inside the function, for it is slow to import).
"""

from __future__ import annotations

from functools import cache

# A Hub that says nothing for so long is asked anew, a few times. Longer than any answer measured;
# what is uploaded is not asked for with this client, for a large commit may take longer.
SILENT_S = 10.0


@cache
def bound_reads() -> None:
    """From its first call on, this process's client gives up a read after SILENT_S.

    Example:
        >>> bound_reads()
    """
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils._http import default_client_factory

    def factory():  # the client of whichever HTTP library huggingface_hub uses
        client = default_client_factory()
        client.timeout = SILENT_S
        return client

    set_client_factory(factory)
