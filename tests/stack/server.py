"""What the emulator's process serves: MiniStack as corrected, for as long as the process that started it lives."""

import os
import signal
import sys
import threading

from differences import app

__all__ = ["app"]


def end_with_parent():
    """Standard input is a pipe from the parent, which ends when the parent ends, in whatever way."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=end_with_parent, daemon=True).start()
