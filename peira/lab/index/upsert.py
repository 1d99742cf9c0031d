"""`INSERT … ON CONFLICT DO UPDATE` for the tables of the index, in the words of each database."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import sqlite


@cache
def upsert(table: Table) -> Executable:
    """Return the statement that inserts a row, or replaces the one with the same primary key.

    SQLite and PostgreSQL share the syntax; a later backend adds its dialect's `insert` here.
    """
    keys = [column.name for column in table.primary_key]
    statement = sqlite.insert(table)
    others = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    if not others:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


@cache
def insert_new(table: Table) -> Executable:
    """Return the statement that inserts a row unless one with the same primary key is there."""
    return sqlite.insert(table).on_conflict_do_nothing()
