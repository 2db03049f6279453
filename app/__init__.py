"""Planetarium: self-hosted knowledge planets. `factory.create_app` is where everything meets."""

__version__ = "0.2.0"
