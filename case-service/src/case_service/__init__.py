"""Cases from counter to result (办件)."""
