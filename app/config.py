"""Settings: read from the environment once, validated, frozen. A bad one stops the start."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

PREFIX = "PLANETARIUM_"
DATABASE_SCHEMES = ("postgresql://", "postgresql+psycopg://", "postgres://", "sqlite:///")
WEBHOOK_SECRET = re.compile(r"whsec_[\x21-\x7e]{8,}")
# Secret, restricted and publishable ones alike.
LIVE_KEY = re.compile(r"^\w*k_live_")
WEAK_SECRETS = frozenset({"secret", "changeme", "change-me", "dev", "development", "password"})


class ConfigError(SystemExit):
    """A setting is missing or wrong; the message names it and the mend."""


class Settings(BaseSettings):
    """Every setting of an installation. Names in the environment are upper case, PLANETARIUM_ first
    except the customary SECRET_KEY and DATABASE_URL. Sizes in MiB, times in the unit of the name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", populate_by_name=True
    )

    env: Literal["production", "development", "testing"] = "production"
    secret_key: SecretStr = Field(default=SecretStr(""), validation_alias="SECRET_KEY")
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    data_dir: Path = Path("var")
    base_url: str = "http://localhost:8000"
    site_name: str = "Planetarium"
    default_language: Literal["zh_Hans", "en"] = "zh_Hans"
    default_timezone: str = "Asia/Shanghai"
    who_may_create: Literal["everyone", "admins"] = "everyone"
    sign_up_open: bool = True
    reserved_names: tuple[str, ...] = ()
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    # Whether we pack pages ourselves; "auto": where no proxy stands before us.
    pack_pages: Literal["auto", "yes", "no"] = "auto"
    max_body_mib: int = Field(default=64, ge=1, le=2048)
    upload_quota_mib: int = Field(default=1024, ge=1)
    upload_quota_staff_mib: int = Field(default=20 * 1024, ge=1)
    mail_backend: Literal["file", "console", "smtp"] = "file"
    mail_from: str = "Planetarium <planetarium@localhost>"
    smtp_host: str = "localhost"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: bool = False
    metrics_token: SecretStr = SecretStr("")
    log_format: Literal["json", "text"] = "json"
    platform_fee_percent: int = Field(default=0, ge=0, le=50)
    checkout_hosts: tuple[str, ...] = ("https://checkout.stripe.com",)
    payments: Literal["none", "demo", "test", "live"] = "demo"
    demo_in_public: bool = False
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secrets: tuple[SecretStr, ...] = ()
    stripe_tax: bool = False
    # Read by the server too (bin/serving): half of them may wait for a payment provider.
    web_threads: int = Field(default=4, ge=1, validation_alias="WEB_THREADS")
    settle_owners: bool = False
    search_engine: Literal["auto", "whoosh", "postgres"] = "auto"
    search_index_dir: Path | None = None

    @field_validator("base_url")
    @classmethod
    def _is_a_bare_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        parts = urlsplit(value)
        if parts.path.strip("/"):
            raise ValueError(
                f"must end after the host, without “{parts.path}”: Planetarium is not served below a "
                "path. Give it a host name of its own, e.g. https://planet.example.com"
            )
        if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(
                "must be http:// or https:// and a host, e.g. https://planet.example.com"
            )
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if value and not value.startswith(DATABASE_SCHEMES):
            # Without the value: it holds a password.
            raise ValueError("must start with postgresql:// or sqlite:///")
        return value

    @field_validator("default_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("must be a time zone of the IANA list, e.g. Asia/Shanghai")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _token_is_long(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters, or be empty: then /metrics is off")
        return value

    @model_validator(mode="after")
    def _secret_is_strong(self) -> Self:
        secret = self.secret_key.get_secret_value()
        weak = len(secret) < 32 or secret.lower() in WEAK_SECRETS or len(set(secret)) < 8
        if self.env == "production" and weak:
            raise ValueError(
                "SECRET_KEY is missing or weak (at least 32 varied characters). Make one: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return self

    @model_validator(mode="after")
    def _search_has_its_database(self) -> Self:
        if self.search_engine == "postgres" and not self.database_uri.startswith("postgresql"):
            raise ValueError(
                "PLANETARIUM_SEARCH_ENGINE=postgres needs a PostgreSQL DATABASE_URL; leave it at auto"
            )
        return self

    @model_validator(mode="after")
    def _money_is_meant(self) -> Self:
        """A live key means that somebody expects to be paid."""
        if self.payments in ("none", "demo") and LIVE_KEY.search(self._stripe_key):
            raise ValueError(
                f"PLANETARIUM_STRIPE_SECRET_KEY is a live key, and PLANETARIUM_PAYMENTS={self.payments} "
                "takes no money with it: set PLANETARIUM_PAYMENTS=live, or take the key out"
            )
        return self

    @model_validator(mode="after")
    def _stripe_fits(self) -> Self:
        """What is set for Stripe is right; what is missing is told by `find_unready`."""
        if not self.takes_cards:
            return self
        if self._stripe_key and not self._stripe_key.startswith(self._key_prefixes):
            raise ValueError(self._key_wanted)
        secrets = [secret.get_secret_value() for secret in self.stripe_webhook_secrets]
        # An empty secret would let anybody sign.
        if not all(WEBHOOK_SECRET.fullmatch(secret) for secret in secrets):
            raise ValueError(self._secrets_wanted)
        return self

    def find_unmeant(self) -> list[str]:
        """Return what nobody can have meant, with the ways out: a demo gives paid membership away."""
        if self.payments != "demo" or not self.secure_cookies or self.demo_in_public:
            return []
        return [
            "PLANETARIUM_PAYMENTS=demo at an https:// address: everybody could take paid membership "
            "there, and nobody pays. For earnest set PLANETARIUM_PAYMENTS=none (free planets, codes "
            "and transfers by hand) or live (Stripe), with a new database; to show a demo on purpose "
            "set PLANETARIUM_DEMO_IN_PUBLIC=true"
        ]

    def find_unready(self) -> list[str]:
        """Return what has to be set before web and worker may start, each with the mend."""
        if not self.takes_cards:
            return []
        missing = [] if self._stripe_key else [self._key_wanted]
        return missing + ([] if self.stripe_webhook_secrets else [self._secrets_wanted])

    @property
    def takes_cards(self) -> bool:
        """Whether payments go through Stripe, for play or in earnest."""
        return self.payments in ("test", "live")

    @property
    def webhook_url(self) -> str:
        """Where Stripe's events come in."""
        return f"{self.base_url}/webhooks/stripe"

    @property
    def _stripe_key(self) -> str:
        return self.stripe_secret_key.get_secret_value().strip()

    @property
    def _key_prefixes(self) -> tuple[str, str]:
        return f"sk_{self.payments}_", f"rk_{self.payments}_"

    @property
    def _key_wanted(self) -> str:
        first, second = self._key_prefixes
        return (
            f"PLANETARIUM_PAYMENTS={self.payments} needs PLANETARIUM_STRIPE_SECRET_KEY, a key that "
            f"starts with {first} or {second}: Stripe, Developers, API keys"
        )

    @property
    def _secrets_wanted(self) -> str:
        return (
            f"PLANETARIUM_PAYMENTS={self.payments} needs PLANETARIUM_STRIPE_WEBHOOK_SECRETS, a JSON "
            'list like ["whsec_..."] without empty ones: Stripe, Developers, Webhooks, the '
            "endpoint's signing secret. `flask payments doctor` names the address and the events"
        )

    @property
    def database_uri(self) -> str:
        """The SQLAlchemy URL; SQLite under `data_dir` when DATABASE_URL is not set."""
        if self.database_url:
            return self.database_url.replace("postgres://", "postgresql://", 1)
        return f"sqlite:///{(self.data_dir / 'planetarium.db').resolve()}"

    @property
    def index_dir(self) -> Path:
        """Where the files of the index lie: `search_index/` for the usual data directory, inside any other,
        so that no two installations share one."""
        if self.search_index_dir is not None:
            return self.search_index_dir
        usual = self.data_dir == Path("var")
        return Path("search_index") if usual else self.data_dir / "search_index"

    @property
    def indexes_in_postgres(self) -> bool:
        """Whether the index lies in the database."""
        in_postgres = self.database_uri.startswith("postgresql")
        return self.search_engine == "postgres" or (self.search_engine == "auto" and in_postgres)

    @property
    def packs_pages(self) -> bool:
        """Whether pages are packed here: a proxy that is trusted is one that can do it."""
        return self.pack_pages == "yes" or (self.pack_pages == "auto" and not self.trusted_proxies)

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are for HTTPS only: they are when the public address is."""
        return self.base_url.startswith("https://")


def load_settings(**overrides: object) -> Settings:
    """Read what web and worker need to start. ConfigError with the mend when it is wrong or missing."""
    settings = read_settings(**overrides)
    _refuse(settings.find_unready())
    return settings


def read_settings(**overrides: object) -> Settings:
    """Read the environment, `overrides` first. ConfigError with the mend when something is wrong; keys
    of the payment provider may still be missing, so that commands can tell how to get them."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        _refuse([f"{_told(e['loc'])}{_plain(e['msg'])}" for e in error.errors()])
        raise
    except SettingsError as error:
        # The library tells the field in its message alone; the value may be a secret.
        found = re.search(r'field "(\w+)"', str(error))
        name = _name(found[1]) if found else str(error)
        _refuse([f'{name}: must be a JSON list, e.g. ["one", "two"]'])
        raise
    _refuse(settings.find_unmeant())
    return settings


def _refuse(problems: Iterable[str]) -> None:
    """End the start when there is a problem. Nothing of the error before is told: it may hold secrets."""
    if told := list(problems):
        raise ConfigError("\n  ".join(["Planetarium cannot start:", *told])) from None


def unknown_names(environment: Iterable[str]) -> list[str]:
    """Return the names in an environment that look like ours and are none: most likely misspelt."""
    known = {_name(field) for field in Settings.model_fields}
    return sorted(n for n in environment if n.startswith(PREFIX) and n not in known)


def _name(field: str) -> str:
    """Return the environment's name of a setting."""
    held = Settings.model_fields.get(field)
    return str(held.validation_alias) if held and held.validation_alias else PREFIX + field.upper()


def _told(place: tuple[int | str, ...]) -> str:
    if not place:
        return ""
    first = str(place[0])
    return f"{_name(first) if first in Settings.model_fields else first}: "


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
