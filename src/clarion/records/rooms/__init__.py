"""Rooms, who belongs to them, and what is kept of people's presence. Who is connected now is records/live's."""
