"""What keeps text messages from costing more than they should: numbers, countries, ranges of numbers, money a day."""
