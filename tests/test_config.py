"""Settings: a bad one stops the start, is named as it is written, and comes with the mend."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import ConfigError, Settings, load_settings, unknown_names

STRONG = "kX3v-9QmPz7_RtYw2LbN8cHdF5jGsA4eU6iOo1"
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("PLANETARIUM_") or name in ("SECRET_KEY", "DATABASE_URL"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "secret",
    ["", "short", "changeme", "password" * 4, "a" * 64, "abcabcabcabcabcabcabcabcabcabcabcabc"],
)
def test_production_does_not_start_on_a_weak_secret(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("SECRET_KEY", secret)
    with pytest.raises(ConfigError, match="SECRET_KEY is missing or weak") as caught:
        load_settings()
    assert "secrets.token_urlsafe(48)" in str(caught.value), "the mend"
    if secret:
        assert secret not in str(caught.value)


def test_production_starts_on_a_strong_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", STRONG)
    settings = load_settings()
    assert settings.env == "production"
    assert STRONG not in repr(settings)


def test_development_needs_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANETARIUM_ENV", "development")
    assert load_settings().env == "development"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PLANETARIUM_ENV", "staging", "production"),
        ("PLANETARIUM_BASE_URL", "planet.example", "http"),
        ("PLANETARIUM_DEFAULT_TIMEZONE", "Peking", "Asia/Shanghai"),
        ("PLANETARIUM_DEFAULT_LANGUAGE", "fr", "zh_Hans"),
        ("PLANETARIUM_SMTP_PORT", "mail", "integer"),
        ("PLANETARIUM_SMTP_PORT", "70000", "65535"),
        ("PLANETARIUM_TRUSTED_PROXIES", "-1", "0"),
        ("PLANETARIUM_MAX_BODY_MIB", "0", "1"),
        ("PLANETARIUM_SIGN_UP_OPEN", "perhaps", "boolean"),
        ("PLANETARIUM_METRICS_TOKEN", "tiny", "16 characters"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/x", "postgresql://"),
    ],
)
def test_a_bad_value_is_named_as_it_is_written(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv("SECRET_KEY", STRONG)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    message = str(caught.value)
    assert message.startswith("Planetarium cannot start:")
    assert f"  {name}: " in message
    assert words in message
    assert "hunter2" not in message


def test_every_bad_value_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANETARIUM_BASE_URL", "x")
    monkeypatch.setenv("PLANETARIUM_DEFAULT_TIMEZONE", "y")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value).count("\n  ") == 2


def test_settings_cannot_be_changed() -> None:
    settings = Settings(env="development")
    with pytest.raises(ValueError, match="frozen"):
        settings.site_name = "other"  # type: ignore[misc]


def test_addresses_are_normalised() -> None:
    settings = Settings(
        env="development",
        base_url="https://planet.example/",
        database_url="postgres://u@h/db",
    )
    assert settings.base_url == "https://planet.example"
    assert settings.database_uri == "postgresql://u@h/db"
    assert settings.secure_cookies


@pytest.mark.parametrize(
    "address", ["https://host.example/planets", "https://host.example/a/b/", "https://host.example?x=1",
                "https://", "https://me:secret@host.example"]
)  # fmt: skip
def test_an_address_that_is_more_than_a_host_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="PLANETARIUM_BASE_URL") as caught:
        load_settings(env="development", base_url=address)
    assert "https://planet.example.com" in str(caught.value)


def test_misspelt_names_are_found() -> None:
    names = ["PLANETARIUM_SITE_NAME", "PLANETARIUM_SITENAME", "SECRET_KEY", "HOME"]
    assert unknown_names(names) == ["PLANETARIUM_SITENAME"]


def test_a_command_stops_with_the_mend_and_without_a_traceback(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app.factory", "outbox", "list"],
        cwd=ROOT,
        env={"PLANETARIUM_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "SECRET_KEY is missing or weak" in ended.stderr
    assert "Traceback" not in ended.stderr


KEY, SECRET = "sk_test_51Planet", "whsec_0123456789abcdef"


def set_payments(monkeypatch: pytest.MonkeyPatch, kind: str, key: str, secrets: str) -> None:
    """Set an installation's payments in the environment."""
    monkeypatch.setenv("SECRET_KEY", STRONG)
    monkeypatch.setenv("PLANETARIUM_PAYMENTS", kind)
    monkeypatch.setenv("PLANETARIUM_STRIPE_SECRET_KEY", key)
    monkeypatch.setenv("PLANETARIUM_STRIPE_WEBHOOK_SECRETS", secrets)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("test", "sk_test_1"),
        ("test", "rk_test_1"),
        ("live", "sk_live_1"),
        ("live", "rk_live_1"),
        ("demo", ""),
        ("none", ""),
        # Stripe's keys for play hurt nobody where they are not used.
        ("demo", "sk_test_1"),
    ],
)
def test_payments_start_with_a_key_that_fits(
    monkeypatch: pytest.MonkeyPatch, kind: str, key: str
) -> None:
    set_payments(monkeypatch, kind, key, f'["{SECRET}", "{SECRET}2"]')
    settings = load_settings()
    assert settings.payments == kind
    assert len(settings.stripe_webhook_secrets) == 2
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("kind", "key"),
    [("test", ""), ("test", "sk_live_1"), ("live", "sk_test_1"), ("live", "pk_live_1")],
)
def test_r2_payments_do_not_start_with_a_key_of_another_environment(
    monkeypatch: pytest.MonkeyPatch, kind: str, key: str
) -> None:
    set_payments(monkeypatch, kind, key, f'["{SECRET}"]')
    with pytest.raises(ConfigError, match=f"starts with sk_{kind}_ or rk_{kind}_") as caught:
        load_settings()
    assert not key or f" {key}" not in str(caught.value)


@pytest.mark.parametrize("secrets", ["", "[]", '[""]', '["  "]', f'["{SECRET}", ""]', SECRET])
def test_r1_an_empty_webhook_secret_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, secrets: str
) -> None:
    set_payments(monkeypatch, "test", KEY, secrets)
    with pytest.raises(ConfigError, match=r"STRIPE_WEBHOOK_SECRETS[^\n]*JSON list") as caught:
        load_settings()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", ["demo", "none"])
@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1", "pk_live_1", " sk_live_1"])
def test_a_live_key_is_refused_where_nothing_is_paid(
    monkeypatch: pytest.MonkeyPatch, kind: str, key: str
) -> None:
    set_payments(monkeypatch, kind, key, "[]")
    with pytest.raises(
        ConfigError, match="PLANETARIUM_PAYMENTS=live, or take the key out"
    ) as caught:
        load_settings()
    assert "live_1" not in str(caught.value)


def test_a_demo_in_public_is_meant_and_its_refusal_names_both_ways(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_KEY", STRONG)
    monkeypatch.setenv("PLANETARIUM_BASE_URL", "https://planet.example")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    for way in ("PLANETARIUM_PAYMENTS=none", "or live", "PLANETARIUM_DEMO_IN_PUBLIC=true"):
        assert way in str(caught.value)
    monkeypatch.setenv("PLANETARIUM_DEMO_IN_PUBLIC", "true")
    assert load_settings().payments == "demo"
    monkeypatch.delenv("PLANETARIUM_DEMO_IN_PUBLIC")
    monkeypatch.setenv("PLANETARIUM_PAYMENTS", "none")
    assert load_settings().payments == "none"


def run_flask(tmp_path: Path, *command: str, **environment: str) -> tuple[int, str]:
    """Run a command as an operator does; returns its status and all that it wrote."""
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app.factory", *command],
        cwd=ROOT,
        env={"SECRET_KEY": STRONG, "PLANETARIUM_DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_doctor_names_address_and_events_before_key_and_secret_exist(tmp_path: Path) -> None:
    said = {"PLANETARIUM_PAYMENTS": "live", "PLANETARIUM_BASE_URL": "https://planet.example"}
    assert run_flask(tmp_path, "db", "upgrade", **said)[0] == 0
    status, told = run_flask(tmp_path, "payments", "doctor", **said)
    assert status == 1
    assert "sk_live_" in told
    assert "https://planet.example/webhooks/stripe" in told
    assert "checkout.session.completed" in told
    assert "invoice.paid" in told
    assert all(line.startswith(("ok ", "fail ", "      -> ")) for line in told.splitlines()), told


@pytest.mark.parametrize("missing", ["PLANETARIUM_STRIPE_SECRET_KEY", "WEBHOOK_SECRETS"])
def test_web_and_worker_do_not_start_before(tmp_path: Path, missing: str) -> None:
    said = {"PLANETARIUM_PAYMENTS": "test", "PLANETARIUM_BASE_URL": "https://planet.example"}
    if missing == "WEBHOOK_SECRETS":
        said["PLANETARIUM_STRIPE_SECRET_KEY"] = KEY
    assert run_flask(tmp_path, "db", "upgrade", **said)[0] == 0
    status, told = run_flask(tmp_path, "worker", **said)
    assert status == 1
    assert missing in told
    with pytest.raises(ConfigError, match=missing):
        load_settings(
            secret_key=STRONG,
            payments="test",
            stripe_secret_key=said.get("PLANETARIUM_STRIPE_SECRET_KEY", ""),
        )
