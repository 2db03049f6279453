"""What happened to accounts, as told to handlers: ids only. The handler makes the link's secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.outbox.events import Event


@dataclass(frozen=True, slots=True)
class SignUpWanted(Event):
    """Somebody wants an account. The handler decides who gets a letter: the newcomer his link, or
    the holder of a known address a word. `letter` names the letter, so that each is sent once."""

    name: ClassVar[str] = "accounts.sign_up_wanted"
    sign_up_id: int
    letter: str


@dataclass(frozen=True, slots=True)
class ConfirmationWanted(Event):
    """A person whose address is not proven yet wants the link again."""

    name: ClassVar[str] = "accounts.confirmation_wanted"
    token_id: int


@dataclass(frozen=True, slots=True)
class ResetWanted(Event):
    """Somebody asked for a new password for the address in the token row, known or not."""

    name: ClassVar[str] = "accounts.reset_wanted"
    token_id: int


@dataclass(frozen=True, slots=True)
class AddressChangeWanted(Event):
    """A new address, in the token row, waits to be confirmed; the old one is told."""

    name: ClassVar[str] = "accounts.address_change_wanted"
    token_id: int


@dataclass(frozen=True, slots=True)
class AddressChanged(Event):
    """A new address took the place of the old one, which is told; both stand in the token row."""

    name: ClassVar[str] = "accounts.address_changed"
    token_id: int


@dataclass(frozen=True, slots=True)
class NameChanged(Event):
    """A person is called something else, wherever he has no name of the planet."""

    name: ClassVar[str] = "accounts.name_changed"
    user_id: int


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    """A password was changed; every other session has ended. `letter` as in SignUpWanted."""

    name: ClassVar[str] = "accounts.password_changed"
    user_id: int
    letter: str
