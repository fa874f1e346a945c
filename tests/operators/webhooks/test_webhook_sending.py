"""One request to an operator's server: its signature, its limits, and where it must not lead."""

import base64
import json
import socket

import pytest
from standardwebhooks import WebhookVerificationError

from operators.addresses import check_webhook_address
from operators.webhooks.sending import LONGEST_EXCERPT, Sent, send
from tests.support.product import free_port
from tests.support.receiver import Receiver, Reply, certificate

SECRET, OLD = ("whsec_" + base64.b64encode(bytes([byte]) * 32).decode() for byte in (1, 2))
BODY = json.dumps({"type": "turn.flagged", "timestamp": "2026-01-01T00:00:00.000Z", "data": {"turn_id": "é"}})


def post(url: str, secrets: tuple[str, ...] = (SECRET,)) -> Sent:
    return send(url, secrets, "msg_1", BODY)


def test_the_receiver_verifies_what_is_sent(receiver):
    sent = post(receiver.url)
    assert (sent.status, sent.error) == (204, "")
    (received,) = receiver.received
    assert received.verified(SECRET) == json.loads(BODY)
    assert received.headers["content-type"] == "application/json"
    assert received.id == "msg_1"
    with pytest.raises(WebhookVerificationError):
        received.verified(OLD)


def test_while_a_secret_is_rotated_both_verify(receiver):
    post(receiver.url, (SECRET, OLD))
    (received,) = receiver.received
    assert received.verified(SECRET) == received.verified(OLD)
    assert received.headers["webhook-signature"].count("v1,") == 2


@pytest.mark.parametrize(("status", "well"), [(200, True), (202, True), (299, True), (400, False), (503, False)])
def test_2xx_alone_is_success(receiver, status, well):
    receiver.answers = [Reply(status, b"so it was")]
    sent = post(receiver.url)
    assert (sent.status, sent.succeeded, sent.excerpt) == (status, well, "so it was")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver, status):
    with Receiver() as elsewhere:
        receiver.answers = [Reply(status, headers={"location": elsewhere.url})]
        sent = post(receiver.url)
        assert not elsewhere.received
    assert sent.status == status
    assert "redirects are not followed" in sent.error


def test_a_server_that_does_not_answer_is_given_up(receiver, settings):
    settings.WEBHOOK_TOTAL_SECONDS = 0.3
    receiver.answers = [Reply(stall=30)]
    sent = post(receiver.url)
    assert (sent.status, sent.error) == (None, "no answer within 0.3 s")


def test_a_server_that_does_not_accept_is_given_up(receiver, settings):
    settings.WEBHOOK_CONNECT_SECONDS = 0.3
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, socket.create_connection(deaf.getsockname()):
        # Its queue is full now; the connection of ours that still fits gets no TLS handshake.
        sent = post(f"https://127.0.0.1:{deaf.getsockname()[1]}/")
    assert (sent.status, sent.error) == (None, "no connection within 0.3 s")


def test_a_slow_body_does_not_hold_what_its_status_said(receiver, settings, monkeypatch):
    monkeypatch.setattr("operators.webhooks.sending.BODY_SECONDS", 0.3)
    receiver.answers = [Reply(200, b"drop by drop" * 100, drip=0.05)]
    sent = post(receiver.url)
    assert sent.succeeded
    # All of it would take a minute.
    assert len(sent.excerpt) < 1000


def test_of_a_huge_body_the_beginning_is_read(receiver):
    receiver.answers = [Reply(500, b"x" * 50_000_000)]
    sent = post(receiver.url)
    assert sent.excerpt == "x" * LONGEST_EXCERPT


def test_a_compressed_body_is_not_inflated(receiver):
    receiver.answers = [Reply(200, b"not really", {"content-encoding": "gzip"})]
    assert post(receiver.url).excerpt == "not really"
    assert receiver.received[0].headers["accept-encoding"] == "identity"


def test_bytes_that_are_no_text_are_kept_as_well_as_can_be(receiver):
    receiver.answers = [Reply(200, b"\x00\xff\xed\xa0\x80ok")]
    excerpt = post(receiver.url).excerpt
    assert excerpt.endswith("ok")
    assert "\0" not in excerpt
    excerpt.encode()


def test_a_secret_in_an_answer_is_not_kept(receiver):
    receiver.answers = [Reply(500, f"could not verify with {SECRET}".encode())]
    assert post(receiver.url).excerpt == "could not verify with whsec_[secret]"


def test_a_dropped_connection_is_told(receiver):
    receiver.answers = [Reply(drop=True)]
    sent = post(receiver.url)
    assert (sent.status, sent.error) == (None, "it broke off: ServerDisconnectedError")


def test_a_port_where_nobody_listens_is_told(settings):
    settings.PRIVATE_WEBHOOKS = True
    assert post(f"http://127.0.0.1:{free_port()}").error == "it cannot be reached"


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("120", 120, 120), ("9" * 400, 1e9, float("inf")), ("Wed, 21 Oct 2099 07:28:00 GMT", 1e9, 1e10), ("-5", 0, 0),
     ("soon", 0, 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0)],
)  # fmt: skip
def test_what_quiet_a_server_asks_for(receiver, header, least, most):
    receiver.answers = [Reply(503, headers={"retry-after": header})]
    assert least <= post(receiver.url).retry_after <= most


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path, settings):
    settings.PRIVATE_WEBHOOKS = True
    with Receiver(certificate(tmp_path)) as unknown:
        sent = post(unknown.url)
        assert not unknown.received
    assert "certificate was not accepted" in sent.error


def test_proxies_of_the_environment_are_not_used(receiver, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert post(receiver.url).succeeded


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433"])
def test_nothing_is_sent_inside(receiver, settings, host):
    settings.PRIVATE_WEBHOOKS = False
    sent = post(f"https://{host}:{receiver.port}/")
    assert (sent.status, sent.error) == (None, "This address is not on the public internet.")
    assert not receiver.received


def test_a_name_that_leads_inside_by_now_is_not_connected_to(tmp_path, settings, monkeypatch):
    """The name was public when it was saved; what counts is the address that is connected to."""
    settings.PRIVATE_WEBHOOKS = False
    resolve = socket.getaddrinfo
    asked: list[str] = []

    def rebound(host, *arguments, **more):
        if host != "rebind.example":
            return resolve(host, *arguments, **more)
        asked.append(host)
        return resolve("127.0.0.1", *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with Receiver(certificate(tmp_path)) as inside:
        url = f"https://rebind.example:{inside.port}/"
        check_webhook_address(url)
        sent = post(url)
        assert asked
        assert (sent.status, sent.error) == (None, "its address is not on the public internet")
        settings.PRIVATE_WEBHOOKS = True
        # The same way is open where private addresses are allowed: it was the address that was refused.
        assert "certificate was not accepted" in post(url).error


def test_of_several_addresses_inside_none_is_tried(receiver, settings, monkeypatch):
    settings.PRIVATE_WEBHOOKS = False
    tried: list[str] = []
    make = socket.socket

    def several(host, port, *_arguments, **_more):
        found = [("10.0.0.1", port), ("127.0.0.1", port), ("169.254.169.254", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in found]

    class Watched(make):
        def connect(self, where):
            tried.append(where[0])
            return super().connect(where)

    monkeypatch.setattr(socket, "getaddrinfo", several)
    monkeypatch.setattr(socket, "socket", Watched)
    assert post(f"https://several.example:{receiver.port}/").error == "its address is not on the public internet"
    assert not tried
    settings.PRIVATE_WEBHOOKS = True
    post(f"https://several.example:{receiver.port}/")
    assert "127.0.0.1" in tried


def test_what_was_allowed_once_is_not_for_ever(receiver, settings):
    settings.PRIVATE_WEBHOOKS = False
    assert "use https" in post("http://hooks.example/").error


@pytest.mark.parametrize(
    "url",
    ["ftp://x.example", "x.example", "https://", "https://u:p@x.example", "https://x.example/#part",
     "http://x.example", "https://10.0.0.1", "https://[::1]:8443", "https://localhost.", "https://a.localhost",
     "https://0x7f.1", "https://127.1", "https://2130706433", "https://x.example:99999", "https://x.example/\nfoo",
     "https://x.example/a b", "https://x.example/\0", "https://x.example/\ud800", "https://[::1"],
)  # fmt: skip
def test_addresses_that_cannot_be_named(url):
    with pytest.raises(ValueError, match=r"\w"):
        check_webhook_address(url)


def test_addresses_that_can(settings):
    check_webhook_address("https://hooks.example:8443/a/b?token=c")
    settings.PRIVATE_WEBHOOKS = True
    check_webhook_address("http://10.0.0.1:9000/hook")
