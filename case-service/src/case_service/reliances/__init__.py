"""Cases that rest on what a partner district issued (采信), and what became of it since."""
