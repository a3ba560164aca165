"""What it means to reach someone by a channel: the address, the content and its limits. Plain Python, pure."""
