"""What happens with rooms: changing who may be in them, and sending to who is."""
