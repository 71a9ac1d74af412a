"""The bench: `python -m tests.bench [p1 p3 ..]` prints figures beside goals, as Markdown."""
