"""What the preference centre does for a person: save what they wish, and foresee what they will get."""
