"""The next batches are made while the device computes: read, filled with negatives and pinned by one thread.

In: a function number -> batch, a range of numbers. Out: the batches in order, the same as without a thread. An error in
the thread is raised where the batch was asked for; whoever stops early leaves no thread behind.
"""

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch


class Prefetch:
    """Iterator over ``make(first)`` .. ``make(last - 1)``, ``ahead`` of them in the making; 0 = made when asked for.

    device: where frames go; None or a CPU leaves them as they are. Attributes: waited, the seconds that the caller
    waited for batches; `share()`, that time's part of all time since the first batch came (the device was idle).

    >>> with Prefetch(lambda number: number * 10, 2, 5) as coming:
    ...     list(coming)
    [20, 30, 40]
    """

    def __init__(self, make, first, last, *, device=None, ahead=2):
        self.make, self.next, self.last, self.ahead = make, first, last, ahead
        self.cuda = device if device is not None and torch.device(device).type == "cuda" else None
        self.waited, self.began = 0.0, None
        self._coming, self._thread = deque(), ThreadPoolExecutor(1, thread_name_prefix="batches") if ahead else None

    def __iter__(self):
        return self

    def __next__(self):
        asked = time.perf_counter()
        self._fill()
        if self._thread is None:
            if self.next >= self.last:
                raise StopIteration
            batch, self.next = self._made(self.next), self.next + 1
        elif self._coming:
            batch = self._coming.popleft().result()
            self._fill()
        else:
            self.close()
            raise StopIteration
        if self.cuda is not None:
            batch = replace(batch, frames=batch.frames.to(self.cuda, non_blocking=True))
        if self.began is None:  # nothing could be computed before the first batch
            self.began = time.perf_counter()
        else:
            self.waited += time.perf_counter() - asked
        return batch

    def share(self):
        """Waiting as a part of the time since the first batch came, 0 to 1."""
        return 0.0 if self.began is None else self.waited / max(time.perf_counter() - self.began, 1e-9)

    def close(self):
        """Drop what is not yet made and end the thread (at most one batch is still finished)."""
        self.last = self.next
        while self._coming:
            self._coming.pop().cancel()
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.close()

    def _fill(self):
        while self._thread is not None and self.next < self.last and len(self._coming) < self.ahead:
            self._coming.append(self._thread.submit(self._made, self.next))
            self.next += 1

    def _made(self, number):
        batch = self.make(number)
        if self.cuda is None:
            return batch
        with torch.cuda.device(self.cuda):  # a thread starts on the first GPU, which may be another process's
            return replace(batch, frames=torch.from_numpy(batch.frames).pin_memory())
