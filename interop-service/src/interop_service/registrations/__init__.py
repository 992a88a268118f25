"""Changes to partners (合作区登记): asked for or entered by one, approved by another."""
