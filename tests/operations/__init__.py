"""Tests of what the keeper of an installation relies on."""
