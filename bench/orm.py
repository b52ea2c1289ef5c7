"""The repository as an application has it: SQLAlchemy's asyncio session over asyncpg."""

from sqlalchemy import (BigInteger, Boolean, Column, DateTime, ForeignKey, Identity, Integer, Numeric, Text,
                        delete, func, insert, select, text, update)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import declarative_base

Base = declarative_base()
NOW = text("now()")


def key():
    return Column(BigInteger, Identity(), primary_key=True)


def required(type, default=None):
    return Column(type, nullable=False, server_default=default)


class Timed:
    __table_args__ = {"schema": "fca"}
    # What the server fills in comes back with the INSERT.
    __mapper_args__ = {"eager_defaults": True}
    created_at = Column(DateTime(timezone=True), nullable=False, server_default=NOW)
    updated_at = Column(DateTime(timezone=True), nullable=False, server_default=NOW)


class Customer(Timed, Base):
    __tablename__ = "customers"
    id = key()
    customer_id = required(Text)
    email = required(Text)
    first_name = required(Text)
    last_name = required(Text)
    phone = Column(Text)
    is_active = required(Boolean, text("true"))
    is_verified = required(Boolean, text("false"))
    is_vip = required(Boolean, text("false"))
    notes = Column(Text)


class Account(Timed, Base):
    __tablename__ = "accounts"
    id = key()
    account_number = required(Text)
    customer_id = Column(BigInteger, ForeignKey(Customer.id), nullable=False)
    product_id = Column(BigInteger)
    type = required(Text, "current")
    status = required(Text, "active")
    currency = required(Text, "GBP")
    balance = required(Numeric(15, 2), "0")
    available_balance = required(Numeric(15, 2), "0")


class Transaction(Timed, Base):
    __tablename__ = "transactions"
    id = key()
    account_id = Column(BigInteger, ForeignKey(Account.id), nullable=False)
    reference = required(Text)
    amount = required(Numeric(15, 2))
    currency = required(Text, "GBP")
    description = required(Text)
    category = Column(Text)
    merchant_name = Column(Text)
    occurred_at = required(DateTime(timezone=True), NOW)


class Conversation(Timed, Base):
    __tablename__ = "conversations"
    id = key()
    customer_id = Column(BigInteger, ForeignKey(Customer.id), nullable=False)
    title = Column(Text)
    status = required(Text, "active")
    channel = required(Text, "web")
    summary = Column(Text)
    intent = Column(Text)
    sentiment = Column(Text)
    message_count = required(Integer, "0")
    escalation_id = Column(Text)
    escalation_reason = Column(Text)
    priority = Column(Text)
    assigned_group = Column(Text)


class Message(Timed, Base):
    __tablename__ = "messages"
    id = key()
    conversation_id = Column(BigInteger, ForeignKey(Conversation.id), nullable=False)
    role = required(Text)
    content = required(Text)
    agent_name = Column(Text)
    intent = Column(Text)
    sentiment = Column(Text)
    confidence_score = Column(Integer)
    is_error = required(Boolean, text("false"))
    requires_human = required(Boolean, text("false"))
    # "metadata" is a name of the declarative base.
    details = Column("metadata", JSONB, nullable=False, server_default="{}")


class Repository:
    """The base repository of one model."""

    model = None

    def __init__(self, session):
        self.session = session

    async def one(self, *conditions):
        return (await self.session.execute(select(self.model).where(*conditions))).scalar_one_or_none()

    async def page(self, *conditions, order, limit):
        query = select(self.model).where(*conditions).order_by(*order).limit(limit)
        return (await self.session.execute(query)).scalars().all()

    async def get_by_id(self, id):
        return await self.session.get(self.model, id)

    async def create_many(self, rows):
        """Objects of the session's unit of work."""
        objects = [self.model(**row) for row in rows]
        self.session.add_all(objects)
        await self.session.flush()
        return objects

    async def create_many_core(self, rows, chunk=1000):
        """Multi-row INSERTs, as many rows in each as its parameters allow."""
        objects = []
        for begin in range(0, len(rows), chunk):
            created = select(self.model).from_statement(
                insert(self.model).values(rows[begin:begin + chunk]).returning(self.model))
            objects += (await self.session.execute(created)).scalars().all()
        return objects

    async def update(self, id, data):
        changed = select(self.model).from_statement(
            update(self.model).where(self.model.id == id).values(**data, updated_at=func.now())
            .returning(self.model).execution_options(synchronize_session=False))
        return (await self.session.execute(
            changed.execution_options(populate_existing=True))).scalar_one_or_none()

    async def delete(self, id):
        query = delete(self.model).where(self.model.id == id)
        return (await self.session.execute(query.execution_options(synchronize_session=False))).rowcount > 0


class CustomerRepository(Repository):
    model = Customer

    async def find_by_email(self, email):
        return await self.one(Customer.email == email)

    async def find_by_business_id(self, business_id):
        return await self.one(Customer.customer_id == business_id)

    async def find_vip_customers(self, limit=50):
        return await self.page(Customer.is_vip, order=(Customer.created_at.desc(), Customer.id.desc()),
                               limit=limit)


class AccountRepository(Repository):
    model = Account

    async def find_by_account_number(self, account_number):
        return await self.one(Account.account_number == account_number)


class TransactionRepository(Repository):
    model = Transaction

    async def find_by_reference(self, reference):
        return await self.one(Transaction.reference == reference)

    async def find_recent_transactions(self, account_id, limit=50):
        return await self.page(Transaction.account_id == account_id,
                               order=(Transaction.occurred_at.desc(), Transaction.id.desc()), limit=limit)


class ConversationRepository(Repository):
    model = Conversation

    async def find_by_ticket_id(self, ticket_id):
        return await self.one(Conversation.escalation_id == ticket_id)

    async def find_by_customer(self, customer_id, limit=50):
        return await self.page(Conversation.customer_id == customer_id,
                               order=(Conversation.updated_at.desc(), Conversation.id.desc()), limit=limit)


class MessageRepository(Repository):
    model = Message
