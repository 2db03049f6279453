"""Addresses, networks and devices: one form for each."""

import pytest

from app.accounts.addresses import email_key, masked, normalise_email
from app.accounts.devices import describe_device
from app.accounts.places import network_key, truncated_address
from app.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        (" Lin.Yue@Example.TEST ", "lin.yue@example.test"),
        ("ｌｉｎ＠example.test", "lin@example.test"),
        ("lin+planet@mail.example.test", "lin+planet@mail.example.test"),
        ("lin@例子.测试", "lin@xn--fsqu00a.xn--0zwm56d"),
    ],
)
def test_an_address_gets_its_one_form(typed: str, clean: str) -> None:
    assert normalise_email(typed) == clean


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "lin",
        "lin@",
        "@example.test",
        "lin@localhost",
        "lin yue@example.test",
        "lin@example.test\nBcc: all@example.test",
        "lin@exa mple.test",
        "lin@-example.test",
        "lin@example..test",
        "lin..yue@example.test",
        "a" * 65 + "@example.test",
        "lin@" + "a." * 130 + "test",
        "<lin@example.test>",
        "lin@example.test,all@example.test",
    ],
)
def test_what_no_letter_reaches_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        normalise_email(typed)


def test_a_masked_address_is_known_again_by_its_holder_alone() -> None:
    assert masked("lin.yue@example.test") == "l•••@e•••.test"


def test_networks_are_cut_off() -> None:
    assert truncated_address("203.0.113.77") == "203.0.113.0/24"
    assert truncated_address("2001:db8:1:2:3:4:5:6") == "2001:db8:1::/48"
    assert truncated_address("::ffff:203.0.113.77") == "203.0.113.0/24"
    assert truncated_address("unknown") == ""


def test_one_household_counts_as_one_network() -> None:
    assert network_key("2001:db8:1:2::1") == network_key("2001:db8:1:2::2")
    assert network_key("2001:db8:1:2::1") != network_key("2001:db8:1:3::1")
    assert network_key("203.0.113.1") != network_key("203.0.113.2")


def test_keys_show_nothing() -> None:
    assert "lin" not in email_key("lin@example.test")
    assert "203.0.113.1" not in network_key("203.0.113.1")


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            ("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50",
            ("WeChat", "iPhone"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Version/18.0 Safari/605.1.15",
            ("Safari", "macOS"),
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            ("Firefox", "Linux"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Mobile Safari/537.36",
            ("Chrome", "Android"),
        ),
        ("", ("", "")),
    ],
)
def test_a_device_in_two_words(user_agent: str, device: tuple[str, str]) -> None:
    assert describe_device(user_agent) == device
