"""What worker processes are asked to do in tests: functions of a module, because processes are started afresh."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings


def obey(order: str) -> str:
    """Do what is asked and answer with it."""
    verb, _, what = order.partition(" ")
    match verb:
        case "die":
            os.kill(os.getpid(), signal.Signals[what])
            time.sleep(60)
        case "leave":
            os._exit(int(what))
        case "sleep":
            time.sleep(float(what))
        case "print":
            sys.stderr.write(what)
            os.write(1, what.encode())
            warnings.warn(what, stacklevel=1)
        case "look":
            return os.environ.get(what, "")
        case "whoami":
            return str(os.getpid())
    return order
