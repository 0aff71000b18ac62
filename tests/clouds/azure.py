"""Azurite, the emulator of Azure Blob Storage from npm, with one container."""
import base64
import hashlib
import hmac
import socket
import subprocess
import time
import urllib.request
from email.utils import formatdate
from pathlib import Path

AZURITE = "3.35.0"
ACCOUNT = "devstoreaccount1"
# The key that the emulator's documentation publishes.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Azure:
    def __init__(self, target, container):
        npm = Path(target) / "azurite"
        program = npm / "node_modules/.bin/azurite-blob"
        if not program.exists():
            npm.mkdir(parents=True, exist_ok=True)
            install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", npm, f"azurite@{AZURITE}"]
            subprocess.run(install, check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = ["--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--blobPort", str(port)]
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        self.connection = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.endpoint}"
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        self.put(f"/{container}", b"", {}, "\nrestype:container", "?restype=container")

    def put(self, path, body, headers, resources="", query=""):
        """A signed PUT (Microsoft's "Authorize with Shared Key")."""
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02", **headers}
        named = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        text = f"PUT\n\n\n{len(body) or ''}\n\n\n\n\n\n\n\n\n{named}/{ACCOUNT}/{ACCOUNT}{path}{resources}"
        signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
        headers |= {"Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Length": str(len(body)), "Content-Type": ""}
        urllib.request.urlopen(urllib.request.Request(self.endpoint + path + query, body, headers, method="PUT")).close()

    def upload(self, path, body):
        self.put(path, body, {"x-ms-blob-type": "BlockBlob"})

    def end(self):
        self.process.kill()
        self.process.wait()
