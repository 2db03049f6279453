"""Kill -9 of web and worker while people write: `bin/bench crash`, made short."""

import pytest

from bench.crash import Plan, run


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_and_each_event_has_one_effect(engine_name: str) -> None:
    said: list[str] = []
    plan = Plan(
        seconds=12.0,
        seed=8,
        postgresql=engine_name == "postgresql",
        lease_seconds=3.0,
    )
    wrong = run(plan, said.append)
    assert wrong == [], "\n".join(said)
