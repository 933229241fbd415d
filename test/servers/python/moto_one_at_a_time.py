"""moto's server, which answers one request after the other.

Its secrets are a dictionary without a lock, and each request goes through it from the start: while another one adds a
secret it ends with "dictionary changed size during iteration" and status 500. The real service does no such thing.
"""

from io import BytesIO
from threading import Lock
from typing import Any

from moto import server

one = Lock()
answer = server.DomainDispatcherApplication.__call__


def answer_alone(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
    # Read before, so that a client that sends half of its request keeps nobody else waiting.
    length = environ.get("CONTENT_LENGTH")
    if length:
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(length)))
    with one:
        return answer(self, environ, start_response)


server.DomainDispatcherApplication.__call__ = answer_alone

if __name__ == "__main__":
    server.main()
