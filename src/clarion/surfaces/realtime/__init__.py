"""WebSockets: the hint that something is new, and the door for what a socket may ask."""
