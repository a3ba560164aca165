"""Our own Django management commands, reached through `clarion manage`."""
