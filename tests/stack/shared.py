"""One emulator for all tests of a process, ended when the process ends."""

import atexit
import functools
import signal
import sys
import unittest

from deployment import Cloud
from emulator import Emulator


@functools.cache
def cloud():
    emulator = Emulator()
    atexit.register(emulator.stop)
    # Without a handler, this signal would end the process without its exit functions.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return Cloud(emulator)


class StackTest(unittest.TestCase):
    """Tests that share the emulator."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = cloud()
