"""What a newcomer finds: users, categories, templates, a staff login and an API key. Words and numbers only, and
how they become rows; what they are for is the records' business. A campaign and an experiment are not part of it."""
