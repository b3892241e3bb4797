"""Serves a status document with quarry on an ephemeral port of 127.0.0.1 until stdin closes.

Usage: server.py FILE, which holds the document

Prints {"port":N} as one JSON line once it listens. The document is made into text for each request, as the package does
with its own, but without blanks, so that the bytes are those of the other servers.
"""

import json
import logging
import os
import sys
import threading

from quarry.net.server import ServerFactory, ServerProtocol
from twisted.internet import reactor

# Connections that may wait to be accepted; the default of 50 would measure how the system tries again.
BACKLOG = 4096
# Seconds of silence after which quarry closes a connection: more than a measurement takes.
SILENCE = 3600


class Status(ServerProtocol):
    """A connection that is answered with the document."""

    def packet_status_request(self, buff):
        """Answers with the document in place of quarry's own, which has no other fields than it knows."""
        text = json.dumps(self.factory.document, separators=(",", ":"), ensure_ascii=False)
        self.send_packet("status_response", self.buff_type.pack_string(text))


class Factory(ServerFactory):
    """What makes the connections."""

    protocol = Status
    log_level = logging.WARNING
    connection_timeout = SILENCE
    online_mode = False


def until_stdin_closes():
    """Ends the process with whoever started it."""
    while os.read(0, 64):
        pass
    os._exit(0)


def main():
    """Serves."""
    if len(sys.argv) != 2:
        print("usage: server.py FILE", file=sys.stderr)
        return 2
    factory = Factory()
    with open(sys.argv[1], encoding="utf-8") as file:
        factory.document = json.load(file)
    port = reactor.listenTCP(0, factory, backlog=BACKLOG, interface="127.0.0.1")
    print(json.dumps({"port": port.getHost().port}), flush=True)
    threading.Thread(target=until_stdin_closes, daemon=True).start()
    reactor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
