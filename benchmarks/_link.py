#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link that takes its time: what comes in at PORT goes on to HOST, and back, each part MILLISECONDS later.

The kernel's netem does the same, where it was built with it. Connections are taken at once.
"""

from __future__ import annotations

import asyncio
import sys

PORT = 16509


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    while part := await source.read(1 << 16):
        loop.call_later(delay, sink.write, part)
    loop.call_later(delay, sink.close)


async def serve(host: str, delay: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, PORT)
        await asyncio.gather(pump(reader, back, delay), pump(there, writer, delay))

    server = await asyncio.start_server(connected, "0.0.0.0", PORT)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2]) / 1000))
