"""Applications not handed in yet, saved here and resumed there (草稿, 两条腿走路)."""
