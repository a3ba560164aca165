"""What connected clients are told at once, and who is connected. All of it a hint: the inbox is the truth."""
