"""A client that sends many statements at once and takes every answer as it comes.

It speaks the simple query protocol over a Unix socket, so that it needs no
driver, and sees each SQLSTATE and each warning.
"""

import select
import socket
import struct


class Lost(Exception):
    """The server closed the connection: a statement has brought it down."""


class Answer:
    __slots__ = ("state", "message", "rows", "tag", "warnings")

    def __init__(self):
        self.state = "00000"
        self.message = ""
        self.rows = []
        self.tag = ""
        self.warnings = []

    def __repr__(self):
        shown = b" | ".join(self.rows[:20]).decode("utf-8", "replace")
        return f"{self.state} {self.message} {self.tag} {len(self.rows)} rows: {shown[:1500]}"


def fields(body):
    """The fields of an error or a notice."""
    found = {}
    for part in body.split(b"\0"):
        if part:
            found[chr(part[0])] = part[1:].decode("utf-8", "replace")
    return found


class Connection:
    def __init__(self, host, port, dbname, user="postgres"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(300)
        self.socket.connect(f"{host}/.s.PGSQL.{port}")
        self.buffer = bytearray()
        body = struct.pack("!i", 196608) + b"".join(
            part.encode() + b"\0"
            for part in ("user", user, "database", dbname, "client_encoding", "UTF8", "")
        )
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        answer = self._answer()
        if answer.state != "00000":
            raise RuntimeError(answer.message)

    def close(self):
        self.socket.close()

    def _fill(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise Lost()
        self.buffer += data

    def _answer(self):
        """What the server says of one statement, up to ReadyForQuery."""
        answer = Answer()
        buffer = self.buffer
        at = 0
        while True:
            while len(buffer) - at < 5:
                self._fill()
            length = struct.unpack_from("!i", buffer, at + 1)[0]
            while len(buffer) - at < length + 1:
                self._fill()
            kind = buffer[at]
            body = bytes(buffer[at + 5 : at + 1 + length])
            at += length + 1
            if kind == 68:  # D
                answer.rows.append(body[2:])
            elif kind == 67:  # C
                answer.tag = body[:-1].decode()
            elif kind == 69:  # E
                error = fields(body)
                answer.state = error["C"]
                answer.message = error["M"]
                if error["S"] in ("FATAL", "PANIC"):
                    raise Lost(f"{error['C']} {error['M']}")
            elif kind == 78:  # N
                notice = fields(body)
                answer.warnings.append((notice["C"], notice["M"]))
            elif kind == 90:  # Z
                del buffer[:at]
                return answer

    def run(self, statements):
        """The answer to each statement; where the server is lost, fewer."""
        pending = bytearray()
        for sql in statements:
            text = sql.encode("utf-8", "surrogateescape") + b"\0"
            pending += b"Q" + struct.pack("!i", len(text) + 4) + text
        answers = []
        try:
            while pending:
                readable, writable, _ = select.select([self.socket], [self.socket], [], 300)
                if writable:
                    # no more than fits: the server may wait for us to read
                    try:
                        sent = self.socket.send(pending[: 1 << 15], socket.MSG_DONTWAIT)
                        del pending[:sent]
                    except BlockingIOError:
                        pass
                if readable:
                    self._fill()
                if not readable and not writable:
                    raise Lost("no answer within 300 s")
            while len(answers) < len(statements):
                answers.append(self._answer())
        except (Lost, OSError) as error:
            # what had been answered before
            lost = Answer()
            lost.state = "LOST"
            lost.message = str(error)
            while True:
                try:
                    if len(answers) >= len(statements) or not self.buffer:
                        break
                    answers.append(self._answer())
                except (Lost, OSError) as again:
                    lost.message = str(again) or lost.message
                    break
            if len(answers) < len(statements):
                answers.append(lost)
        return answers
