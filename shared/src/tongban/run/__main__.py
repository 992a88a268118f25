"""`python -m tongban.run`."""

from tongban.run.cli import app

app(prog_name="tongban")
