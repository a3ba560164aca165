"""What is collected to go out as one: windows for each person, category and channel, and what lies in them."""
