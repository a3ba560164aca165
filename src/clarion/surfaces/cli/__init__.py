"""The `clarion` command: a file for each. It parses, calls one thing, and answers with an exit code."""
