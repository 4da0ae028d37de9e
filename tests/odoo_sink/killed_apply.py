"""Applies a plan in a process of its own that kills itself at one point: `python -m tests.odoo_sink.killed_apply ...`.

Arguments: warehouse file, digest, method, the how-manieth call of it, `before` or `after` it. ODOO_URL and its
companions name the bot's connection.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from pipelines.odoo import sink
from pipelines.odoo.client import OdooClient
from pipelines.settings import odoo_connection
from tests.odoo_sink.world import ODOO, World

BATCH_ROWS = 20


def main(path: str, digest: str, method: str, count: str, moment: str) -> None:
    sink.BATCH_ROWS = BATCH_ROWS
    left = int(count)
    call = OdooClient.call

    def killing(self: OdooClient, model: str, name: str, *args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= name == method
        is_here = name == method and left == 0
        if is_here and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        reply = call(self, model, name, *args, **kwargs)
        if is_here:
            os.kill(os.getpid(), signal.SIGKILL)
        return reply

    OdooClient.call = killing  # type: ignore[method-assign, assignment]
    connection = odoo_connection()
    assert connection is not None
    sink.apply(World(Path(path)).store, OdooClient.connect(connection, sink.SINK_WRITES), ODOO, "killed", digest)


if __name__ == "__main__":
    main(*sys.argv[1:])
