"""Memory of this process and its children over time, so that a stage's peak can be told apart from the others."""

import threading
import time
from types import TracebackType
from typing import Self

import psutil

INTERVAL_SECONDS = 0.2


class MemorySampler:
    """Samples resident memory (MB, this process and all below it) until it is left."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, float]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def peak_mb(self, begin: float, end: float) -> float:
        """Highest sample between two moments (seconds since the epoch)."""
        return max((memory for moment, memory in self._samples if begin <= moment <= end), default=0.0)

    def _run(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(INTERVAL_SECONDS):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self._samples.append((time.time(), total / 1e6))
