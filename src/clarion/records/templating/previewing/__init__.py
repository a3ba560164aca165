"""How a preview is made in a process of its own: what goes there and back, the child, and this side's hold on it."""
