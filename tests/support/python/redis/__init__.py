"""A stand-in for redis-py on machines without it: the few calls of examples/python, over one socket each, same names.

In: a redis:// URL. Out: replies as redis-py gives them. Used by tests only, and only when `import redis` finds nothing else.
"""
import socket
import threading
from urllib.parse import urlparse


class exceptions:
    class RedisError(Exception):
        pass

    class ResponseError(RedisError):
        pass


class Redis:
    def __init__(self, host, port):
        self._address = (host, port)
        self._local = threading.local()

    @classmethod
    def from_url(cls, url):
        parts = urlparse(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or 6379)

    def _file(self):
        if not hasattr(self._local, "file"):
            self._local.file = socket.create_connection(self._address).makefile("rwb")
        return self._local.file

    def _reply(self, file):
        line = file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise exceptions.ResponseError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if int(rest) < 0 else file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if int(rest) < 0 else [self._reply(file) for _ in range(int(rest))]
        raise exceptions.RedisError("connection closed")

    def _call(self, *parts):
        try:
            file = self._file()
            encoded = [p if isinstance(p, bytes) else str(p).encode() for p in parts]
            file.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in encoded))
            file.flush()
            return self._reply(file)
        except OSError as error:
            raise exceptions.RedisError(str(error)) from error

    def xadd(self, name, fields, maxlen, approximate):
        trim = ["MAXLEN", "~" if approximate else "=", maxlen]
        return self._call("XADD", name, *trim, "*", *[part for pair in fields.items() for part in pair])

    def xgroup_create(self, name, groupname, id, mkstream):
        return self._call("XGROUP", "CREATE", name, groupname, id, *(["MKSTREAM"] if mkstream else []))

    def xreadgroup(self, groupname, consumername, streams, block):
        reply = self._call("XREADGROUP", "GROUP", groupname, consumername, "BLOCK", block, "STREAMS",
                           *streams.keys(), *streams.values())
        pairs = lambda flat: dict(zip(flat[::2], flat[1::2]))
        return [[name, [(entry_id, pairs(flat)) for entry_id, flat in entries]] for name, entries in reply or []]

    def xack(self, name, groupname, entry_id):
        return self._call("XACK", name, groupname, entry_id)
