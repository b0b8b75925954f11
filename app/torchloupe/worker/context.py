"""What a handler is given beside its message."""

import time
from typing import Any, Callable, Dict, Optional, Sequence

from ..wire.requests import Progress
from ..wire.stream import EVENT, Stream
from .cancel import Cancel

PROGRESS_INTERVAL_SECONDS = 0.05


class Context:
    """One request's line to the window. ``state`` outlives the request and is free for handlers: the open model lives there."""

    def __init__(
        self,
        request_id: int,
        stream: Stream,
        cancel: Cancel,
        state: Dict[str, Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.request_id = request_id
        self.cancel = cancel
        self.state = state
        self._stream = stream
        self._clock = clock
        self._sent_at: Optional[float] = None
        self._waiting: Optional[Progress] = None

    def emit(self, message: Any, blobs: Sequence[bytes] = ()) -> None:
        """Send an event of this request, from any thread."""
        with self.cancel.held_back():
            self._stream.send(EVENT, self.request_id, message, blobs)

    def progress(self, done: int, total: int, what: str = "") -> None:
        """``done`` of ``total`` (0: unknown). Sent at most every 50 ms; the first and the last are always sent."""
        now = self._clock()
        self._waiting = Progress(done, total, what)
        if self._sent_at is None or now - self._sent_at >= PROGRESS_INTERVAL_SECONDS or 0 < total <= done:
            self._sent_at = now
            self.flush()

    def flush(self) -> None:
        """Send the progress that was held back, if there is one; called when the request is over."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.emit(waiting)
