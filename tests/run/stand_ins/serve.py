"""A launcher of stand-ins, to be killed and signalled: python serve.py FOLDER PORT RECORD."""

import asyncio
import sys
from pathlib import Path

from tongban.run.cli import serve
from tongban.run.faults import CannotRun
from tongban.run.platform import Platform
from tongban.run.ports import SERVICES, Ports

folder, port, record = sys.argv[1:]
platform = Platform(
    folder=Path(folder),
    district="610171",
    ports=Ports(int(port)),
    settings={"PYTHONPATH": str(Path(__file__).parent), "STAND_IN_RECORD": record},
    durable=False,
    modules=dict.fromkeys((*SERVICES, "gateway"), "stand_in"),
)
try:
    asyncio.run(serve(platform))
except CannotRun as fault:
    sys.exit(str(fault))
