"""One account from many places: many networks at once (C03), several countries in a day (C04), a new one that sends in
bulk (C05)."""

from dataclasses import dataclass
from datetime import datetime

from ingest.languages import later, say
from ingest.rules.definition import (
    Evidence,
    Limits,
    Rule,
    Scope,
    Severity,
    SubjectFinding,
    Watch,
    Worth,
)
from ingest.rules.facts import LogHostFacts, MessageFacts, RejectionFacts, SubjectKind
from ingest.rules.networks import is_remote_login, network_of
from ingest.rules.tallies import Tally
from ingest.rules.usual import UsualPlaces
from ingest.rules.volumes import recipients_of
from ingest.rules.windows import Distinct, Window
from ingest.rules.words import count, duration, listing, together

_ACCOUNT = (SubjectKind.AUTHENTICATED_ID,)

# --- C03 ------------------------------------------------------------------------------------------


class _DistributedWatch:
    """Counts the networks that an account logs in from within minutes, and within a day."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._burst = Window(limits.distributed_window)
        self._day = Window(limits.distributed_day)
        self._burst_countries = Window(limits.distributed_window)
        self._day_countries = Window(limits.distributed_day)
        self._countries = Distinct(limits.kept_values)
        self._is_known_network = False
        self._homes = UsualPlaces(limits.kept_values)
        self._strange = Distinct(limits.kept_values)  # countries of such days that were not usual by then
        self._is_somewhere = False  # a login whose country is not known
        self._peak = self._peak_of_day = 0
        self._of_days: dict[int, set[str]] = {}  # by the number of the day, the last ones
        self._usual = 0.0  # networks of a day before the one with the most
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Notes where one login came from."""
        at = message.received_at
        if at is None or not is_remote_login(message, self._host):
            return
        network = network_of(message)
        self._is_known_network |= message.network is not None
        self._is_somewhere |= message.country is None
        if message.country is not None:
            self._homes.add(at, message.country)
        self._burst.add(at, network)
        self._day.add(at, network)
        for countries in (self._burst_countries, self._day_countries):
            countries.pass_to(at)
            if message.country is not None:
                countries.add(at, message.country)
        is_burst = (
            self._burst.total >= self._limits.distributed_logins
            and self._burst.distinct >= self._limits.distributed_networks
        )
        if is_burst:
            self._peak = max(self._peak, self._burst.distinct)
        is_wide = self._is_wide(at, network)
        if is_burst or is_wide:
            networks, countries = (
                (self._burst, self._burst_countries) if is_burst else (self._day, self._day_countries)
            )
            for country in map(str, countries.keys):
                self._countries.add(country)
                if not self._homes.is_usual(at, country):
                    self._strange.add(country)
            values = tuple(map(str, networks.keys))
            self._tally.message(message, Evidence(Severity.HIGH, "", values))

    def _is_wide(self, at: datetime, network: str) -> bool:
        """Many networks within a day, and several times as many as on the days before."""
        day = at.toordinal()
        if day not in self._of_days:
            self._of_days = {past: seen for past, seen in self._of_days.items() if day - past <= 28}
        networks = self._of_days.setdefault(day, set())
        if len(networks) < self._limits.kept_values:
            networks.add(network)
        if self._day.distinct < self._limits.distributed_networks_of_day:
            return False
        past = sorted(len(seen) for number, seen in self._of_days.items() if number < day - 1)
        usual = past[len(past) // 2] if past else 0
        if self._day.distinct < self._limits.distributed_times_usual * usual:
            return False
        if self._day.distinct > self._peak_of_day:
            self._peak_of_day, self._usual = self._day.distinct, usual
        return True

    def finding(self) -> SubjectFinding | None:
        """High where files say that these are different countries or operators."""
        if not self._tally.count:
            return None
        text = self._told()
        if self._is_known_network or len(self._countries) > 1:
            if len(self._countries) > 1:
                countries = say(
                    "Countries, by data of {origins}: {countries}.",
                    origins=self._host.origins,
                    countries=self._countries.listing(),
                )
                text = together((text, countries))
            strange = len(self._strange) - ((self._homes.home or "") in self._strange)
            is_far = self._peak or self._is_known_network or strange >= self._limits.travel_countries
            severity = Severity.HIGH if is_far else Severity.MEDIUM
            return self._tally.finding(DISTRIBUTED, Evidence(severity, text), self._peak)
        doubt = say(
            "Whose networks these are is not known: a phone that changes its address looks like this too."
        )
        is_at_home = not self._peak and len(self._countries) == 1 and not self._is_somewhere
        severity = Severity.LOW if is_at_home else Severity.MEDIUM
        return self._tally.finding(DISTRIBUTED, Evidence(severity, together((text, doubt))), self._peak)

    def _told(self) -> str:
        """From how many networks, which."""
        parts = []
        if self._peak:
            span = duration(self._limits.distributed_window)
            parts.append(say("from {networks:,} networks within {span}", networks=self._peak, span=span))
        if self._peak_of_day:
            usual = later("from {networks:,} networks within a day, where {usual:,} are usual")
            of_day = usual if self._usual else later("from {networks:,} networks within a day")
            parts.append(say(of_day, networks=self._peak_of_day, usual=self._usual))
        names = self._tally.values.listing()
        return say("This account was used {places} ({names}).", places=listing(parts), names=names)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""


def _watch_distributed(host: LogHostFacts, limits: Limits) -> Watch:
    return _DistributedWatch(host, limits)


DISTRIBUTED = Rule(
    code="C03",
    title="One account from many networks at once",
    severity=Severity.HIGH,
    scope=Scope.SUBJECT,
    explanation=(
        "People have a phone, a computer at home and one at work. Whoever rents infected machines logs in with "
        "the same password from many of them within minutes."
    ),
    guards=(
        "Neighbouring addresses (/24, /64) are one network; where a file of networks is named "
        "(MAILWATCH_ASN_DB), all addresses of one operator are.",
        "Medium where neither countries nor operators differ for sure: phones change their address. Low if it is "
        "about a day and all is in one country.",
        "Within a day, fewer than three countries are medium, not counting where the account was used on three "
        "days before and where it is at home (see C04): a journey.",
        "Many networks within a day count only if they are three times as many as on the account's other days.",
        "Trusted networks and loopback do not count (webmail).",
    ),
    next_steps=(
        "Ask the owner where he was. If not there, change the password and remove what waits in the queue.",
        "A service that sends for the owner from many machines: give its networks as trusted.",
    ),
    watch=_watch_distributed,
    kinds=_ACCOUNT,
    worth_judging=frozenset({Worth.MANY_NETWORKS}),
)

# --- C04 ------------------------------------------------------------------------------------------


class _TravelWatch:
    """Counts the countries, and the operators' networks, that an account logs in from within a day."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._countries = Window(limits.travel_window)
        self._networks = Window(limits.travel_window)
        self._addresses = Window(limits.travel_window)
        self._is_named = False  # whether all addresses of the window are in the tally
        self._most_countries = self._most_networks = 0
        self._tally = Tally(limits)
        self._named: tuple[str, ...] = ()  # the countries, where they were the most
        self._usual = UsualPlaces(limits.kept_values)
        self._strange: list[tuple[str, ...]] = []  # those of a day that were not usual by then, once each

    def message(self, message: MessageFacts) -> None:
        """Notes where one login came from; of unknown places nothing is said."""
        at = message.received_at
        is_somewhere = message.country is not None or message.network is not None
        if at is None or not is_somewhere or not is_remote_login(message, self._host):
            return
        self._addresses.add(at, message.sender_host_address)
        if message.country is not None:
            self._countries.add(at, message.country)
            self._usual.add(at, message.country)
        if message.network is not None:
            self._networks.add(at, message.network)
        countries, networks = self._countries.distinct, self._networks.distinct
        is_far = message.country is not None and countries >= self._limits.travel_countries
        is_wide = message.network is not None and networks >= self._limits.travel_networks
        if is_far:
            self._note_countries(at, tuple(sorted(map(str, self._countries.keys))))
        if is_wide:
            self._most_networks = max(self._most_networks, networks)
        if is_far or is_wide:
            values = (message.sender_host_address,) if self._is_named else self._addresses.keys
            self._tally.message(message, Evidence(Severity.MEDIUM, "", tuple(map(str, values))))
        self._is_named = is_far or is_wide

    def _note_countries(self, at: datetime, names: tuple[str, ...]) -> None:
        """Keeps those that were the most, and those that the account was not used from before."""
        if len(names) > self._most_countries:
            self._most_countries, self._named = len(names), tuple(map(str, self._countries.keys))
        strange = tuple(name for name in names if not self._usual.is_usual(at, name))
        if strange not in self._strange and len(self._strange) < self._limits.kept_values:
            self._strange.append(strange)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def finding(self) -> SubjectFinding | None:
        """High where three countries of a day are new; one that the account is at home in is none of them."""
        if not self._tally.count:
            return None
        text = self._told()
        home = self._usual.home
        most = max((len([name for name in names if name != home]) for names in self._strange), default=0)
        if most >= self._limits.travel_countries:
            return self._tally.finding(TRAVEL, Evidence(Severity.HIGH, text), self._most_countries)
        if self._most_countries:
            doubt = say(
                "Not counting where it is usually used, these are fewer: a journey looks like this too."
            )
            text = together((text, doubt))
        return self._tally.finding(TRAVEL, Evidence(Severity.MEDIUM, text), self._most_countries)

    def _told(self) -> str:
        """From where it was used, and by whose word."""
        number, named, networks = self._most_countries, listing(self._named), self._most_networks
        parts = [say("{number} countries ({names})", number=number, names=named)] if number else []
        parts += [say("the networks of {number} operators", number=networks)] if networks else []
        return say(
            "This account was used from {places} within {span}, by {addresses} addresses ({names}). By data of "
            "{origins}.",
            places=listing(parts),
            span=duration(self._limits.travel_window),
            addresses=self._tally.values,
            names=self._tally.values.listing(),
            origins=self._host.origins,
        )


def _watch_travel(host: LogHostFacts, limits: Limits) -> Watch:
    return _TravelWatch(host, limits)


TRAVEL = Rule(
    code="C04",
    title="One account from several countries in a day",
    severity=Severity.HIGH,
    scope=Scope.SUBJECT,
    explanation="Nobody is in three countries on one day, but a stolen password is.",
    guards=(
        "Who uses a VPN, or travels, comes from two countries; three are asked for.",
        "Medium if one of the three is where the account was used on three days before: a journey with a stop, while "
        "the telephone's mail goes out at home.",
        "Medium too if one is where the account is at home: on most of the days on which it was used from one "
        "country only, if these are three; without such days, on three days and twice as many as anywhere else.",
        "The country is read from a file, which may be wrong or old: its date is said.",
        "Operators' networks are counted only with a file of networks (MAILWATCH_ASN_DB), and are medium by "
        "themselves: home, work, a phone and a café are four.",
        "Distances are not computed: the file knows countries only.",
        "Trusted networks and loopback do not count (webmail).",
    ),
    next_steps=(
        "Ask the owner where he was. If not there, change the password and remove what waits in the queue.",
    ),
    watch=_watch_travel,
    kinds=_ACCOUNT,
    worth_judging=frozenset({Worth.MANY_NETWORKS}),
)

# --- C05 ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Use:
    """The logins from one network: the last one, and what was sent in the hour after they began."""

    last_at: datetime
    begun_at: datetime
    is_new: bool
    recipients: int = 0


class _NewPlaceWatch:
    """Follows the networks of an account, and what it sends in the first hour of one that it did not have."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._known_since: datetime | None = None
        self._uses: dict[str, _Use] = {}
        self._peak = 0
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Counts the recipients of one message."""
        at = message.received_at
        if at is None:
            return
        self._known_since = self._known_since or at
        if not is_remote_login(message, self._host):
            return
        use = self._use(network_of(message), at, at - self._known_since >= self._limits.history)
        if use is None or not use.is_new or at - use.begun_at >= self._limits.new_place_window:
            return
        use.recipients += recipients_of(message)
        if use.recipients >= self._limits.new_place_recipients:
            self._peak = max(self._peak, use.recipients)
            values = (message.sender_host_address or "",)
            self._tally.message(message, Evidence(Severity.HIGH, "", values))

    def _use(self, network: str, at: datetime, is_account_known: bool) -> _Use | None:
        use = self._uses.get(network)
        if use is None and len(self._uses) >= self._limits.kept_ids:
            return None
        if use is None or at - use.last_at > self._limits.new_place_forgotten:
            use = self._uses[network] = _Use(at, at, is_account_known)
        use.last_at = at
        return use

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def finding(self) -> SubjectFinding | None:
        """The most that was sent from one new network."""
        if not self._tally.count:
            return None
        span = duration(self._limits.new_place_window)
        text = say(
            "{recipients} within {span} of the first login from a network that this account did not use in the "
            "{forgotten} before ({addresses}).",
            recipients=count(self._peak, "recipient"),
            span=span,
            forgotten=duration(self._limits.new_place_forgotten),
            addresses=listing(self._tally.values.most()),
        )
        return self._tally.finding(NEW_PLACE, Evidence(Severity.HIGH, text), self._peak)


def _watch_new_place(host: LogHostFacts, limits: Limits) -> Watch:
    return _NewPlaceWatch(host, limits)


NEW_PLACE = Rule(
    code="C05",
    title="A new place, and bulk mail at once",
    severity=Severity.HIGH,
    scope=Scope.SUBJECT,
    explanation=(
        "An account was used from a network that it never came from, and sent to many within the first hour. "
        "People on a journey write to a few."
    ),
    guards=(
        "The account must be known for two weeks, else every network is new. A shorter log says so beside the "
        "verdict.",
        "A newsletter sent while travelling looks the same.",
        "Trusted networks and loopback do not count (webmail).",
    ),
    next_steps=(
        "Ask the owner whether this was sent. If not, change the password and remove what waits in the queue.",
    ),
    watch=_watch_new_place,
    kinds=_ACCOUNT,
    worth_judging=frozenset({Worth.MANY_RECIPIENTS}),
)
