"""Benchmarks, run by `bin/bench NAME`. Everything stays on loopback and is bounded in time."""
