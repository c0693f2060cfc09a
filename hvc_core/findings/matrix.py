"""Which models of the matrix differ in one part, and in which: the fair comparisons.

May import: the standard library.
"""

from __future__ import annotations

# Two models that differ in the part over time alone: (with it, without it, what)
OVER_MEAN = (
    ("lrcn", "mean", "an LSTM in place of the mean over time, pretrained CNN"),
    ("lrcn-frozen", "mean-frozen", "the same, CNN left as ImageNet trained it"),
    ("lrcn-scratch", "mean-scratch", "the same, small CNN from scratch"),
)
OVER_TIME = (
    *OVER_MEAN,
    ("lrcn", "convlstm-pretrained", "an LSTM in place of a ConvLSTM, pretrained CNN"),
    ("lrcn-scratch", "convlstm", "an LSTM over a small CNN in place of a ConvLSTM, from scratch"),
)
# The two families on the same footing: (LRCN, ConvLSTM, what both have)
LIKE_FOR_LIKE = (
    ("lrcn", "convlstm-pretrained", "on the same pretrained CNN"),
    ("lrcn-scratch", "convlstm", "both from scratch"),
)
# And in what sees the frames: the CNN, its start, its images' size, its second stream.
OF_THE_CNN = (
    ("lrcn", "lrcn-scratch", "a pretrained CNN with a motion stream in place of a small one, LSTM"),
    ("mean", "mean-scratch", "the same, with the mean over time"),
    ("lrcn", "lrcn-frozen", "fine-tuning the CNN's last blocks, with LSTM"),
)


def in_more_than_one_part(a: str, b: str) -> bool:
    """Whether two models differ in more than the part over time, and more than what sees frames."""
    return {a, b} not in [{x, y} for x, y, _ in (*OVER_TIME, *OF_THE_CNN)]
