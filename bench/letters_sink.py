"""A mail server that takes everything and keeps nothing, as a process: `python -m bench.letters_sink`.

Prints its port; for each line that it reads, how many letters and connections it has had, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys

GREETING = b"220 sink\r\n"
ANSWERS = {
    b"EHLO": b"250-sink\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
FINE = b"250 fine\r\n"


class Sink:
    """Counts what arrives."""

    def __init__(self) -> None:
        self.letters = 0
        self.connections = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one connection until the other end leaves."""
        self.connections += 1
        writer.write(GREETING)
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            writer.write(ANSWERS.get(verb, FINE))
            if verb == b"QUIT":
                break
            if verb == b"DATA":
                await reader.readuntil(b"\r\n.\r\n")
                self.letters += 1
                writer.write(FINE)
        writer.close()


async def serve() -> None:
    """Take letters until standard input ends."""
    sink = Sink()
    server = await asyncio.start_server(sink.talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps([sink.letters, sink.connections]), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
