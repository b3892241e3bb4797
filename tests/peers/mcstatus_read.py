"""Reads a server with mcstatus in every way that its Java API has and prints one JSON line for each.

Usage: mcstatus_read.py HOST PORT

A line is {"call": NAME, "ok": true, ...} with what was read, or {"call": NAME, "ok": false, "error": TEXT}.
Nothing is tried twice, so that an answer that works only now and then is seen. Exits with 1 when a call failed,
with 2 on wrong usage.
"""

import asyncio
import json
import sys

from mcstatus import JavaServer, LegacyServer

TIMEOUT_SECONDS = 10
PING_TOKEN = 0x0123_4567_89AB_CDEF


def java_status(response):
    """What a Java status response holds; `raw` is the document as it came."""
    return {
        "version": response.version.name,
        "protocol": response.version.protocol,
        "online": response.players.online,
        "max": response.players.max,
        "motd": response.motd.to_plain(),
        "latency_ms": response.latency,
        "raw": response.raw,
    }


def legacy_status(response):
    """What a pre-1.7 status response holds; `version` and `protocol` are None before 1.4."""
    return {
        "version": response.version.name,
        "protocol": response.version.protocol,
        "online": response.players.online,
        "max": response.players.max,
        "motd": response.motd.to_plain(),
        "latency_ms": response.latency,
    }


def latency(value):
    """What a ping without a status gives."""
    return {"latency_ms": value}


def report(call, read, shape):
    """Runs one call and prints its line; whether it worked."""
    try:
        line = {"call": call, "ok": True, **shape(read())}
    except Exception as error:  # a peer that fails in any way is what the tests are about
        line = {"call": call, "ok": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(line), flush=True)
    return line["ok"]


def main(arguments):
    """Every call in turn; the exit status."""
    if len(arguments) != 2 or not arguments[1].isdecimal():
        print("usage: mcstatus_read.py HOST PORT", file=sys.stderr)
        return 2
    host, port = arguments[0], int(arguments[1])
    java = JavaServer(host, port, timeout=TIMEOUT_SECONDS)
    legacy = LegacyServer(host, port, timeout=TIMEOUT_SECONDS)
    once = {"tries": 1}
    token = {"tries": 1, "ping_token": PING_TOKEN}
    worked = [
        report("status", lambda: java.status(**once), java_status),
        report("ping", lambda: java.ping(**token), latency),
        report("async_status", lambda: asyncio.run(java.async_status(**once)), java_status),
        report("async_ping", lambda: asyncio.run(java.async_ping(**token)), latency),
        report("legacy_status", lambda: legacy.status(**once), legacy_status),
        report("async_legacy_status", lambda: asyncio.run(legacy.async_status(**once)), legacy_status),
    ]
    return 0 if all(worked) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
