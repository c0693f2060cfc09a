"""training: the command line, `python -m training …`, and the recipes that it trains by."""
