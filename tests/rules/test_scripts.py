"""L02, L04: programs on the host that send."""

import pytest

from ingest.rules.definition import Severity
from tests.rules.lines import found, mail


def script(
    minutes: float,
    number: int,
    *,
    user: str = "www-data",
    sender: str = "www-data@example.com",
    to: str = "someone{}@remote.example",
    protocol: str = "local",
) -> list[str]:
    """A message that a program handed in, sent to another server."""
    recipient = to.format(number)
    delivery = f"=> {recipient} R=dnslookup T=remote_smtp H=mx.remote.example [192.0.2.25]"
    return mail(minutes, f"{sender} U={user} P={protocol} S=900", delivery, number=number)


def many(times: int, *, pause: float = 0.1, **how: str) -> list[str]:
    return [line for number in range(times) for line in script(number * pause, number, **how)]


class TestVolume:
    @pytest.mark.parametrize(
        ("lines", "severity"),
        [
            pytest.param(many(20), Severity.HIGH, id="twenty in two minutes"),
            pytest.param(many(19), None, id="nineteen"),
            pytest.param(many(20, pause=0.6), None, id="twenty in twelve minutes"),
            pytest.param(many(100, user="shop", pause=0.5), Severity.MEDIUM, id="a hundred of another user"),
            pytest.param(many(99, user="shop", pause=0.5), None, id="ninety-nine of another user"),
            pytest.param(many(100, user="shop", pause=0.7), None, id="a hundred in seventy minutes"),
            pytest.param(many(200, user="root"), None, id="the system's own user"),
            pytest.param(many(200, user="mailman"), None, id="list software"),
            pytest.param(many(200, to="someone{}@example.org"), None, id="local recipients"),
            pytest.param(
                [line for n in range(5) for line in script(n * 11, n, sender=f"{n}@example.com")],
                Severity.HIGH,
                id="five senders within an hour",
            ),
            pytest.param(
                [line for n in range(4) for line in script(n * 11, n, sender=f"{n}@example.com")],
                None,
                id="four senders within an hour",
            ),
            pytest.param(
                [line for n in range(5) for line in script(n * 16, n, sender=f"{n}@example.com")],
                None,
                id="five senders within more than an hour",
            ),
        ],
    )
    def test_from_which_number_on(self, lines: list[str], severity: Severity | None) -> None:
        (user,) = {line.split("U=")[1].split()[0] for line in lines if "U=" in line}

        assert found(lines).get((user, "L02")) is severity

    def test_what_waits_counts_as_it_is_listed(self) -> None:
        arrival = "www-data@example.com U=www-data P=local S=900 for a@remote.example b@remote.example"
        lines = [mail(n / 10, arrival, number=n)[0] for n in range(10)]

        assert found(lines)["www-data", "L02"] is Severity.HIGH

    def test_mail_that_a_forward_sends_on_does_not_count(self) -> None:
        lines = [
            line
            for n in range(30)
            for line in mail(
                n / 10,
                "www-data@example.com U=www-data P=local S=900",
                "=> z@remote.example <bob@example.com> R=dnslookup T=remote_smtp H=mx.remote.example [192.0.2.25]",
                number=n,
            )
        ]

        assert ("www-data", "L02") not in found(lines)


class TestForgedSender:
    @pytest.mark.parametrize(
        ("lines", "severity"),
        [
            pytest.param(many(10, sender="visitor@gmail.example"), Severity.MEDIUM, id="ten"),
            pytest.param(many(9, sender="visitor@gmail.example"), None, id="nine"),
            pytest.param(
                many(10, sender="visitor@gmail.example", pause=7), None, id="ten in seventy minutes"
            ),
            pytest.param(many(10, sender="www-data@web1.example.com"), None, id="a machine of ours"),
            pytest.param(
                many(10, sender="www-data@mail.hosting.example"), None, id="the user at any machine"
            ),
            pytest.param(many(10, sender="shop@mx.example.com"), None, id="the host's own name"),
            pytest.param(many(10, sender="www-data"), None, id="no domain"),
            pytest.param(many(10, sender="<>"), None, id="the null sender"),
            pytest.param(
                many(10, sender="SRS0=a=b=remote.example=x@fwd.example"), None, id="rewritten by SRS"
            ),
            pytest.param(
                many(10, sender="visitor@gmail.example", user="Debian-exim"), None, id="Exim itself"
            ),
        ],
    )
    def test_from_which_number_on(self, lines: list[str], severity: Severity | None) -> None:
        judged = {rule: found for (_, rule), found in found(lines).items()}

        assert judged.get("L04") is severity

    def test_it_is_low_where_local_domains_are_inferred_and_not_judged_where_there_are_none(self) -> None:
        forged = many(10, sender="visitor@gmail.example")
        local = many(3, to="bob{}@example.com")
        local = [
            line.replace("H=mx.remote.example [192.0.2.25]", "").replace("1wvZ", "1wva") for line in local
        ]
        local = [line.replace("T=remote_smtp", "T=local_delivery") for line in local]

        assert ("www-data", "L04") not in found(forged, configuration="")
        assert found([*forged, *local], configuration="")["www-data", "L04"] is Severity.LOW
