# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server inside an isolated host, with the faults of the real ones.

  _server.py DIRECTORY LOG    serves its files on a port of 127.0.0.1, which it prints with its process id; a line of
                              the file LOG for each request

A file NAME.json beside a file says how it is served: "break" (bytes after which the connection ends, once for each
number), "redirect" (to another URL), "ranges" and "validator" (false: without), "need" (headers that must be there;
null: must not), "status" (what is answered instead, once for each), "hold" (bytes after which the rest does not come,
or only "seconds" later).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

DIRECTORY, LOG = map(Path, sys.argv[1:])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = DIRECTORY / unquote(urlsplit(self.path).path).lstrip("/")
        with LOG.open("a") as log:
            log.write(f"{self.command} {path.name} {self.headers.get('Range', '')}\n")
        if not path.is_file():
            self.send_error(404)
            return
        note = path.with_name(path.name + ".json")
        how = json.loads(note.read_text()) if note.exists() else {}
        missing = [name for name, value in how.get("need", {}).items() if self.headers.get(name) != value]
        statuses = how.get("status", [])
        status = statuses.pop(0) if statuses else 401 if missing else 0
        first = self.headers.get("Range", "") == "bytes=0-1048575"
        cut = how["break"].pop(0) if how.get("break") and not first else None
        if how:
            note.write_text(json.dumps(how))
        if status:
            self.send_error(status)
            return
        if how.get("redirect"):
            self.send_response(302)
            self.send_header("Location", how["redirect"])
            self.end_headers()
            return
        self.answer(path, how, cut)

    def answer(self, path, how, cut):
        size = path.stat().st_size
        start, end = 0, size
        tag = f'"{hashlib.sha256(str(path.stat().st_mtime_ns).encode()).hexdigest()}"'
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        partial = asked and how.get("ranges", True) and self.headers.get("If-Range", tag) == tag
        if partial:
            low, _dash, high = asked.partition("-")
            start = int(low) if low else max(0, size - int(high))
            end = min(size, int(high) + 1) if low and high else size
            if start >= size:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.end_headers()
                return
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        if how.get("validator", True):
            self.send_header("ETag", tag)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        with path.open("rb") as stream:
            stream.seek(start)
            left, held = min(end - start, end if cut is None else cut), False
            while left and (data := stream.read(min(left, 1 << 16))):
                self.wfile.write(data)
                left -= len(data)
                hold = how.get("hold") and not asked.endswith("1048575") and end - start - left >= how["hold"]
                if hold and not held:
                    held = True
                    threading.Event().wait(how.get("seconds"))
        self.close_connection = True

    def log_message(self, *_words):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, os.getpid(), flush=True)
    server.serve_forever()
