"""改革成效: what the reform of the matters brought, computed from the published rows.

Owns no table: it reads the matters' own.
"""
