"""A module that waits until it is ended."""

import sys

print("ready", flush=True)
sys.stdin.read()
