"""Alembic's entry; how to connect and what to compare with is decided in `tongban.migrate`."""

from tongban.migrate import run_environment

run_environment()
