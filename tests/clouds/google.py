"""The XML API of Google Cloud Storage in memory, as far as the command needs it: generations, conditions, ranges, listings."""
import re
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 7  # keys of a page: small, so that listings have many


class Google:
    """One bucket. `objects` is {key: (generation, bytes)}."""

    def __init__(self, bucket):
        self.bucket, self.objects, self.generation, self.lock = bucket, {}, 0, threading.Lock()
        google = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                with google.lock:
                    status, headers, body = google.answer(self)
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_DELETE = answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def host(self):
        return f"127.0.0.1:{self.server.server_port}"

    def answer(self, asked):
        sent = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        url = urlsplit(asked.path)
        _, bucket, key = (unquote(url.path) + "/").split("/", 2)
        key = key.removesuffix("/")
        if bucket != self.bucket:
            return 404, {}, b"<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>"
        if not key:
            return 200, {}, self.listing(parse_qs(url.query))
        held = self.objects.get(key)
        wanted = asked.headers.get("x-goog-if-generation-match")
        if wanted is not None and int(wanted) != (held[0] if held else 0):
            return 412, {}, b""
        if asked.command == "PUT":
            self.generation += 1
            self.objects[key] = held = (self.generation, sent)
            return 200, self.described(held), b""
        if held is None:
            return 404, {}, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"
        if asked.command == "DELETE":
            del self.objects[key]
            return 204, {}, b""
        if asked.headers.get("If-Match") not in (None, f'"{held[0]}"'):
            return 412, {}, b""
        content = held[1]
        if span := re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("Range") or ""):
            first, last = int(span[1]), min(int(span[2]), len(content) - 1)
            if first >= len(content):
                return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
            return 206, {**self.described(held), "Content-Range": f"bytes {first}-{last}/{len(content)}"}, content[first : last + 1]
        return 200, self.described(held), content

    def described(self, held):
        return {"x-goog-generation": held[0], "ETag": f'"{held[0]}"', "Last-Modified": formatdate(0, usegmt=True)}

    def listing(self, query):
        prefix, after = (query.get(name, [""])[0] for name in ("prefix", "continuation-token"))
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        entries = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(self.objects[key][1])}</Size>"
            f'<LastModified>2024-01-01T00:00:00Z</LastModified><ETag>"{self.objects[key][0]}"</ETag></Contents>'
            for key in keys[:PAGE]
        )
        more = f"<NextContinuationToken>{keys[PAGE - 1]}</NextContinuationToken>" if len(keys) > PAGE else ""
        return f"<ListBucketResult>{entries}{more}</ListBucketResult>".encode()
