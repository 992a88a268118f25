"""Partner districts (合作区), agreements with them, and the matters offered across districts."""
