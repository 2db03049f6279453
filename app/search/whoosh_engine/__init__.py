"""The engine that needs nothing but a folder: Whoosh's files, read as arrays."""

from app.search.whoosh_engine.engine import WhooshEngine

__all__ = ["WhooshEngine"]
