"""办件: one application through its life."""
