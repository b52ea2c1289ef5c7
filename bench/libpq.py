"""A session of one backend, through libpq: what it sends is what pgbench sends in each of its modes."""

import ctypes
import os
import subprocess


def load(bindir):
    """libpq of one PostgreSQL."""
    libdir = subprocess.run([os.path.join(bindir, "pg_config"), "--libdir"], check=True,
                            capture_output=True, text=True).stdout.strip()
    library = ctypes.CDLL(os.path.join(libdir, "libpq.so.5"))
    for name in "PQconnectdb", "PQexec", "PQprepare", "PQexecParams", "PQexecPrepared":
        getattr(library, name).restype = ctypes.c_void_p
    for name in "PQerrorMessage", "PQgetvalue":
        getattr(library, name).restype = ctypes.c_char_p
    return library


class Session:
    def __init__(self, library, database):
        self.library = library
        self.names = {}       # statement -> the name that it is prepared by
        self.connection = ctypes.c_void_p(library.PQconnectdb(f"dbname={database}".encode()))
        if library.PQstatus(self.connection) != 0:
            raise RuntimeError(library.PQerrorMessage(self.connection).decode())
        self.pid = library.PQbackendPID(self.connection)

    def close(self):
        self.library.PQfinish(self.connection)

    def answer(self, result, sql):
        """How many rows and columns, and the first column's values."""
        library, result = self.library, ctypes.c_void_p(result)
        # PGRES_EMPTY_QUERY, PGRES_COMMAND_OK and PGRES_TUPLES_OK
        if library.PQresultStatus(result) > 2:
            raise RuntimeError(f"{library.PQerrorMessage(self.connection).decode()}{sql}")
        rows, columns = library.PQntuples(result), library.PQnfields(result)
        values = [library.PQgetvalue(result, row, 0).decode() for row in range(rows)] if columns == 1 else []
        library.PQclear(result)
        return rows, columns, values

    def simple(self, sql):
        return self.answer(self.library.PQexec(self.connection, sql.encode()), sql)

    def extended(self, sql, values):
        return self.answer(self.library.PQexecParams(self.connection, sql.encode(), len(values), None,
                                                     texts(values), None, None, 0), sql)

    def prepared(self, sql, values):
        name = self.names.get(sql)
        if name is None:
            name = self.names[sql] = f"p{len(self.names)}"
            self.answer(self.library.PQprepare(self.connection, name.encode(), sql.encode(), 0, None), sql)
        return self.answer(self.library.PQexecPrepared(self.connection, name.encode(), len(values),
                                                       texts(values), None, None, 0), sql)


def texts(values):
    return (ctypes.c_char_p * len(values))(*(value.encode() for value in values))
