"""What a Python application sees: asyncpg calling fca_repo beside SQLAlchemy's session; batches."""

import json
import random
import re
import time

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import sessionmaker

from cases import ALCHEMY, ALCHEMY_CORE, ASYNCPG, BATCH, OURS, RAW, SINGLY, named
from measure import Record
from orm import (AccountRepository, ConversationRepository, CustomerRepository, MessageRepository,
                 TransactionRepository)

# finder -> (kind, its repository, key, highest number of the key)
READS = {
    "find_by_email": ("point", CustomerRepository, "customer{}@example.com", "few"),
    "find_by_business_id": ("point", CustomerRepository, "CUST-{}", "few"),
    "find_by_account_number": ("point", AccountRepository, "ACC-{}", "few"),
    "find_by_reference": ("point", TransactionRepository, "TX-{}", "n"),
    "find_by_ticket_id": ("point", ConversationRepository, "T-{}", "few / 20"),
    "get_by_id": ("point", CustomerRepository, None, "few"),
    "find_recent_transactions": ("list", TransactionRepository, None, "busy"),
    "find_by_customer": ("list", ConversationRepository, None, "talkers"),
    "find_vip_customers": ("list", CustomerRepository, None, None),
}


def new_rows(count, busy):
    return [{"conversation_id": 1 + i % busy, "role": "agent", "content": f"Message {i} of many",
             "intent": "question"} for i in range(count)]


def raw(name):
    """The SQL that SQLAlchemy's query is, for asyncpg, which prepares it once."""
    return re.sub(r"\{\w+\}", "$1", named([name])[0].sql[RAW])


class PythonRuns:
    def __init__(self, database, options, progress, socket, records):
        self.database = database
        self.facts = {name: int(value) for name, value in database.facts.items() if value.isdigit()}
        self.options = options
        self.progress = progress
        self.socket = socket
        self.records = records
        self.random = random.Random(42)

    async def connect(self):
        return await asyncpg.connect(host=self.socket, user="postgres", database=self.database.name)

    async def alternate(self, ways, count, rounds=None):
        """Each way, count times in a round, in one open transaction; microseconds of each."""
        figures = {label: [] for label in ways}
        for number in range((rounds or self.options.rounds) + 1):
            for label, way in ways.items():
                begin = time.perf_counter()
                for i in range(count):
                    await way(i)
                if number > 0:      # the round before the first only warms up
                    figures[label].append((time.perf_counter() - begin) / count * 1e6)
        return figures

    def keep(self, section, name, kind, figures):
        self.records.append(Record(section, name, kind, "python", 1, self.database.n, "us", figures))

    def keys(self, shape, highest, count):
        """Random keys, the same for every alternative."""
        name, _, divisor = (highest or "few").partition(" / ")
        numbers = [self.random.randint(1, self.facts[name] // int(divisor or 1)) for _ in range(count)]
        return [shape.format(number) for number in numbers] if shape else numbers

    async def reads(self, connection, session):
        count = self.options.python_calls
        for name, (kind, repository, shape, highest) in READS.items():
            self.progress(f"Python: {name}")
            keys = self.keys(shape, highest, count)
            find = getattr(repository(session), name)
            if name == "get_by_id":
                sql = "SELECT * FROM fca.get_by_id(NULL::fca.customer, $1::bigint)"
            else:
                sql = f"SELECT * FROM fca.{name}({'$1' if highest else ''})"
            fetch = connection.fetchrow if kind == "point" else connection.fetch
            plain = raw(name)
            if highest:
                ways = {OURS: lambda i: fetch(sql, keys[i]), ASYNCPG: lambda i: fetch(plain, keys[i]),
                        ALCHEMY: lambda i: find(keys[i])}
            else:
                ways = {OURS: lambda i: fetch(sql), ASYNCPG: lambda i: fetch(plain),
                        ALCHEMY: lambda i: find()}
            self.keep("python", name, kind, await self.alternate(ways, count))

    async def writes(self, connection, session):
        """In a transaction of each alternative, which is rolled back in the end."""
        messages = MessageRepository(session)
        customers = CustomerRepository(session)
        sql = "SELECT * FROM fca.create_many(NULL::fca.message, $1)"
        plain = ("INSERT INTO fca.messages (conversation_id, role, content, intent)"
                 " SELECT conversation_id, role, content, intent"
                 " FROM jsonb_populate_recordset(NULL::fca.messages, $1) RETURNING *")
        for count in (1000, 10000):
            self.progress(f"Python: create_many of {count:,} rows")
            rows = new_rows(count, self.facts["busy"])

            async def forget(way):
                """SQLAlchemy's identity map is not to grow from round to round."""
                await way
                session.expunge_all()

            self.keep("python", f"create_many ({count:,})", "create_many", await self.alternate({
                OURS: lambda i: connection.fetch(sql, json.dumps(rows)),
                ASYNCPG: lambda i: connection.fetch(plain, json.dumps(rows)),
                ALCHEMY: lambda i: forget(messages.create_many(rows)),
                ALCHEMY_CORE: lambda i: forget(messages.create_many_core(rows))}, 1,
                # SQLAlchemy's objects take seconds.
                min(self.options.rounds, 3) if count == 10000 else None))

        self.progress("Python: update and delete")
        count = self.options.python_calls
        # Each alternative has a third of the customers: none waits for the locks of another, or reads its old
        # versions.
        third = self.facts["few"] // 3
        keys = self.keys(None, "few / 3", count)
        data = {"notes": "called back", "phone": "+44 1"}
        await self.lockless(connection, session)
        self.keep("python", "update", "write", await self.alternate({
            OURS: lambda i: connection.fetchrow(
                "SELECT * FROM fca.update(NULL::fca.customer, $1::bigint, $2)", keys[i], json.dumps(data)),
            ASYNCPG: lambda i: connection.fetchrow(
                "UPDATE fca.customers SET notes = $2, phone = $3, updated_at = now() WHERE id = $1"
                " RETURNING *",
                third + keys[i], data["notes"], data["phone"]),
            ALCHEMY: lambda i: customers.update(2 * third + keys[i], data)}, count))
        await self.lockless(connection, session)

    async def units(self, engine):
        """A unit of work for each call, as a web request has it: a connection of the pool, or a session."""
        count = self.options.python_calls
        session_of = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
        async with asyncpg.create_pool(host=self.socket, user="postgres",
                                       database=self.database.name) as pool:
            for name in ("find_by_email", "find_recent_transactions"):
                kind, repository, shape, highest = READS[name]
                keys = self.keys(shape, highest, count)
                sql, plain = f"SELECT * FROM fca.{name}($1)", raw(name)

                async def call(sql, i):
                    async with pool.acquire() as connection, connection.transaction():
                        await connection.fetch(sql, keys[i])

                async def theirs(i):
                    async with session_of() as session:
                        await getattr(repository(session), name)(keys[i])

                self.progress(f"Python: a unit of work for each {name}")
                self.keep("python", f"{name}, a unit of work each", "unit", await self.alternate({
                    OURS: lambda i: call(sql, i),
                    ASYNCPG: lambda i: call(plain, i),
                    ALCHEMY: theirs}, count))

    async def lockless(self, connection, session):
        """Both give their locks back, and begin again."""
        await session.rollback()
        await connection.execute("ROLLBACK; BEGIN")

    async def deletes(self, connection, session):
        """Rows of its own for each alternative, all committed before."""
        count = self.options.python_calls * (self.options.rounds + 1)
        first = 1_000_000_000
        self.database.psql("INSERT INTO fca.messages (id, conversation_id, role, content)"
                           f" SELECT {first} + g, 1 + g % 10, 'agent', 'Soon gone'"
                           f" FROM generate_series(0, {3 * count - 1}) AS g")
        messages = MessageRepository(session)
        ours, plain, theirs = (iter(range(first + way * count, first + (way + 1) * count))
                               for way in range(3))
        self.keep("python", "delete", "write", await self.alternate({
            OURS: lambda i: connection.fetchval("SELECT fca.delete(NULL::fca.message, $1::bigint)",
                                                next(ours)),
            ASYNCPG: lambda i: connection.fetchval("DELETE FROM fca.messages WHERE id = $1 RETURNING true",
                                                   next(plain)),
            ALCHEMY: lambda i: messages.delete(next(theirs))}, self.options.python_calls))
        await self.lockless(connection, session)
        self.database.psql(f"DELETE FROM fca.messages WHERE id >= {first}; VACUUM fca.messages;")

    async def python(self):
        connection = await self.connect()
        engine = create_async_engine(
            f"postgresql+asyncpg://postgres@/{self.database.name}?host={self.socket}")
        async with sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)() as session:
            # One unit of work each: what is compared is the repository, not the begin and commit around it.
            await connection.execute("BEGIN")
            await self.reads(connection, session)
            await self.writes(connection, session)
            await self.deletes(connection, session)
            await connection.execute("ROLLBACK")
            await session.rollback()
        await self.units(engine)
        await engine.dispose()
        await connection.close()

    async def batches(self):
        connection = await self.connect()
        await connection.execute("BEGIN")
        emails = self.keys("customer{}@example.com", "few", 100)
        accounts = self.keys(None, "busy", 100)
        ids = self.keys(None, "few", 1000)
        rows = [{"email": email, "phone": "+44 3"}
            for email in self.keys("customer{}@example.com", "few", 1000)]

        async def singly(sql, keys):
            for one in keys:
                await connection.fetch(sql, one)

        work = {
            "find_by_emails (100)": ("SELECT * FROM fca.find_by_emails($1)",
                                     "SELECT * FROM fca.find_by_email($1)", emails, emails),
            "find_recent_transactions_of (100 x 10)": (
                "SELECT * FROM fca.find_recent_transactions_of($1, 10)",
                "SELECT * FROM fca.find_recent_transactions($1, 10)", accounts, accounts),
            "get_many (1,000)": ("SELECT * FROM fca.get_many(NULL::fca.customer, $1::bigint[])",
                                 "SELECT * FROM fca.get_by_id(NULL::fca.customer, $1::bigint)", ids, ids),
            "upsert_many (1,000)": ("SELECT * FROM fca.upsert_many(NULL::fca.customer, $1, '{email}')",
                                    "SELECT * FROM fca.upsert(NULL::fca.customer, $1, '{email}')",
                                    json.dumps(rows), [json.dumps(row) for row in rows]),
        }
        for name, (batch, single, whole, parts) in work.items():
            self.progress(f"batch: {name}")
            self.keep("batches", name, "batch", await self.alternate({
                BATCH: lambda i: connection.fetch(batch, whole),
                SINGLY: lambda i: singly(single, parts)}, 3))
        await connection.execute("ROLLBACK")
        await connection.close()

    async def run(self):
        await self.python()
        await self.batches()
