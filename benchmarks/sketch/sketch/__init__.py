"""The sketched design: see ../README.md."""
