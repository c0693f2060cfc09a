"""Studies on the Hugging Face Hub: how they are published, and how they come back.

`address` is how one is named; `repos` which files of a study go where; `cards` what is said of
them; `push` and `fetch` are the owner's ways to and from the Hub, `visit` that of a stranger's
study, which is trusted with nothing.
"""
