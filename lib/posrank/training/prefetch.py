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
        self.make, self.waited, self.began = make, 0.0, None
        self.cuda = device if device is not None and torch.device(device).type == "cuda" else None
        numbers = range(first, last)
        self._batches = self._in_thread(numbers, ahead) if ahead else (self._pinned(number) for number in numbers)

    def __iter__(self):
        return self

    def __next__(self):
        asked = time.perf_counter()
        batch = next(self._batches)
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

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._batches.close()

    def _in_thread(self, numbers, ahead):
        coming, thread = deque(), ThreadPoolExecutor(1, thread_name_prefix="batches")
        try:
            for number in numbers:
                coming.append(thread.submit(self._pinned, number))
                if len(coming) > ahead:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:  # at most one batch is still finished
            thread.shutdown(wait=True, cancel_futures=True)

    def _pinned(self, number):
        batch = self.make(number)
        if self.cuda is None:
            return batch
        with torch.cuda.device(self.cuda):  # a thread starts on the first GPU, which may be another process's
            return replace(batch, frames=torch.from_numpy(batch.frames).pin_memory())
