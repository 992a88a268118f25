"""How applicants found the handling (好差评)."""
