"""What billing knows of the installation; the factory fills it from the settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class House:
    """`platform_fee_percent` of what comes in is the installation's own; `signing_key` derives
    codes that must be shown again though only their hashes are kept. `settles_owners`: the
    installation takes the money of several owners and owes each of them theirs."""

    platform_fee_percent: int = 0
    signing_key: str = "development-only"
    settles_owners: bool = False


house = House()
