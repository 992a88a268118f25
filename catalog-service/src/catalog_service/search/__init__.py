"""What the search knows besides the matters: synonyms, demand, suggestions."""
