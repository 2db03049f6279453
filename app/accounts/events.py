"""What happened to accounts, as told to handlers: ids only. The handler makes the link's secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.outbox.events import Event


@dataclass(frozen=True, slots=True)
class ConfirmationWanted(Event):
    """An address waits to be confirmed."""

    name: ClassVar[str] = "accounts.confirmation_wanted"
    user_id: int


@dataclass(frozen=True, slots=True)
class AddressTaken(Event):
    """Somebody signed up with an address that has an account: its holder is told, nobody else."""

    name: ClassVar[str] = "accounts.address_taken"
    user_id: int


@dataclass(frozen=True, slots=True)
class ResetWanted(Event):
    """Somebody asked for a new password."""

    name: ClassVar[str] = "accounts.reset_wanted"
    user_id: int


@dataclass(frozen=True, slots=True)
class AddressChangeWanted(Event):
    """A new address waits to be confirmed. The address itself stands in the token row."""

    name: ClassVar[str] = "accounts.address_change_wanted"
    token_id: int


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    """A password was changed; every other session has ended."""

    name: ClassVar[str] = "accounts.password_changed"
    user_id: int
