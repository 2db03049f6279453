"""Planetarium: self-hosted knowledge planets. `factory.create_app` is where everything meets."""
