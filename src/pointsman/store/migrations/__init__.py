"""Alembic's scripts, run by `store/schema.py`. A revision that was released is never edited: each change is a new one."""
