"""Speed and memory against the common way; `make benchmark`. May import everything."""
