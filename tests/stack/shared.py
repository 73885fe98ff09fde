"""One emulator for all tests of a process, which ends with the process; after a failure it leaves its log."""

import atexit
import functools
import signal
import sys
import unittest

from deployment import Cloud
from emulator import Emulator


failed = False


def end(emulator):
    emulator.stop(keep_log=failed)
    if failed:
        print(f"the log of the emulator is {emulator.log}", file=sys.stderr)


@functools.cache
def cloud():
    emulator = Emulator()
    atexit.register(end, emulator)
    # Without a handler, this signal would end the process without its exit functions.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return Cloud(emulator)


class StackTest(unittest.TestCase):
    """Tests that share the emulator."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = cloud()

    def run(self, result=None):
        global failed
        result = super().run(result)
        failed = failed or bool(result.failures or result.errors)
        return result
