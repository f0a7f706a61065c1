"""HTTP connections that end if a request does not arrive, or an answer is not read, in time.

uvicorn itself waits forever for both.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
COMPLETE = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)


class TimedProtocol(H11Protocol):
    """A connection each of whose requests must have arrived within `seconds`.

    A client has as long to read what the system's buffers cannot hold of an answer. Until then it
    gets no other answer, so further requests do not give it more time.
    """

    seconds: float
    _timer: asyncio.TimerHandle | None = None
    _reading_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first request, and hear of each answer that is not sent at once."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Read a part of a request; more parts do not give it more time."""
        if self._timer is None:
            self._expect_request()
        super().data_received(data)
        if self.conn.their_state in COMPLETE:
            self._stop_timer()

    def on_response_complete(self) -> None:
        """Expect the rest of a request whose beginning arrived together with the last one."""
        super().on_response_complete()
        is_partial = self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing()
        if is_partial and self._timer is None:
            self._expect_request()

    def pause_writing(self) -> None:
        """Give the client time to read; the transport calls this when it must keep something."""
        super().pause_writing()
        self._reading_timer = self.loop.call_later(self.seconds, self._drop_unread)

    def resume_writing(self) -> None:
        """Stop the time for reading; the transport calls this when it keeps nothing more."""
        super().resume_writing()
        self._stop_reading_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._stop_timer()
        self._stop_reading_timer()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        self._timer = self.loop.call_later(self.seconds, self._end)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_reading_timer(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None

    def _drop_unread(self) -> None:
        self.transport.abort()  # `close` would wait until it is read

    def _end(self) -> None:
        answered = self.cycle is not None and self.cycle.response_started
        if not answered:
            self.transport.write(TOO_SLOW)
        self.transport.close()
