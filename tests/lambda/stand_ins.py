"""Starts and stops the local replacements of AWS services that the scripts here share."""
import os, pathlib, socket, subprocess, sys, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
GRANULES = sorted((ROOT / "crates/cli/demo").glob("*.h5"))
CELL = -6134114
# moto wants to see a signature and does not check it.
SIGNED = "AWS4-HMAC-SHA256 Credential=TEST/20261122/us-west-2/s3/aws4_request, SignedHeaders=host, Signature=0"
REGION = b"<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint></CreateBucketConfiguration>"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(method, url, body=None):
    # Without a type of its own a body would be taken for a form.
    headers = {"Content-Type": "application/octet-stream", "Authorization": SIGNED}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def wait_for(port):
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"nothing listens at {port}")


def fill(endpoint, buckets):
    """Buckets at an S3 endpoint, and the bundled granules in `granules`."""
    for bucket in buckets:
        ask("PUT", f"{endpoint}/{bucket}", REGION)
    for path in GRANULES:
        ask("PUT", f"{endpoint}/granules/{path.name}", path.read_bytes())


class Processes:
    """Child processes that end with the block."""

    def __enter__(self):
        self.running = []
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.kill()
            process.wait()

    def start(self, command, **options):
        self.running.append(subprocess.Popen(command, **(QUIET | options)))

    def function(self, bootstrap, port, copies=1, **environment):
        """cargo-lambda's Runtime API and Invoke endpoint at `port`, and the function under it; gives the URL to invoke."""
        tool = pathlib.Path(sys.executable).parent / "cargo-lambda"
        self.start([tool, "lambda", "watch", "--only-lambda-apis", "--ignore-changes", "--invoke-address", "127.0.0.1",
                    "--invoke-port", str(port)], cwd=ROOT / "crates/lambda")
        wait_for(port)
        settings = {
            "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{port}/.rt", "AWS_LAMBDA_FUNCTION_NAME": "_",
            "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024", "AWS_REGION": "us-west-2",
            "ICESTREAM_ENDPOINT_HOSTS": "127.0.0.1",
            "AWS_ACCESS_KEY_ID": "AKIDROLE", "AWS_SECRET_ACCESS_KEY": "role-secret", "AWS_SESSION_TOKEN": "role-token",
        }
        for _ in range(copies):
            self.start([os.path.abspath(bootstrap)], env=settings | environment)
        return f"http://127.0.0.1:{port}/2015-03-31/functions/_/invocations"


def same_store(endpoint, key, store):
    """The objects under `key` are the files of `store`; gives their number."""
    objects = {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}
    assert len(objects) > 10, objects.keys()
    for name, data in objects.items():
        assert ask("GET", f"{endpoint}/{key}/{name}") == data, f"{key}/{name} differs"
    return len(objects)
