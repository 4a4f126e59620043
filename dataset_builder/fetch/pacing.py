"""When the next request to a host may go out: a steady rate, pauses that the host asks for, and an end to it all."""

from __future__ import annotations

import threading
import time


class Stopped(Exception):
    """The run has been stopped; nothing more is to be asked of anybody. The message says why."""


class Pacer:
    """Spaces the requests of all threads to each host by `1 / rate` seconds."""

    def __init__(self, rate: float):
        self._gap = 1 / rate
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.reason: str | None = None  # why the run was stopped
        self.requests = 0

    def wait(self, host: str) -> None:
        """Return when it is this thread's turn to ask `host`.

        Raises:
            Stopped: the run has been stopped.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                turn = self._next.get(host, now)
                if turn <= now:
                    self._next[host] = now + self._gap
                    self.requests += 1
                    break
            self.sleep(turn - now)
        self.sleep(0)

    def pause(self, host: str, seconds: float) -> None:
        """Let no thread ask `host` for so many seconds."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + seconds)

    def sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the end.

        Raises:
            Stopped: the run has been stopped.
        """
        if self._ended.wait(seconds):
            raise Stopped(self.reason)

    def stop(self, reason: str) -> None:
        """End the waiting of all threads; the first reason stays."""
        self.reason = self.reason or reason
        self._ended.set()
