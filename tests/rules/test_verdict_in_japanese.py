"""The verdict is said in the reader's language: in Japanese no sentence of it is left in English."""

import io
import re
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations

import pytest

from ingest import languages
from ingest.explain import Known, explain
from ingest.languages import reading, say
from ingest.rules import relays
from ingest.rules.blocklists import KNOWN_LISTS
from ingest.rules.verdict import Verdict, combine
from tests.rules.annotated import Sample, explained, samples
from tests.samples_story.reading import SAMPLES as STORY
from translations.catalogues import compiled

LANGUAGES = ("en", "ja")
JAPANESE = re.compile(r"[ぁ-ヿ一-鿿]")
ENGLISH = re.compile(r"\b[A-Za-z]{2,} [a-z]{2,}\b")
OF_LOGS = re.compile(r"「[^」]*」|manage\.py check|require verify = recipient")
"""What Exim says, and commands: the same in every language."""
OF_OTHERS = {"C13"}  # tells the words of a server
MOST_LINES = 1500
JUDGED = [
    sample
    for sample in samples()
    if sample.lines
    and sample.rule not in OF_OTHERS
    and (sample.kind == "hit" or sample.answers or sample.says)
    and len(sample.entries()) < MOST_LINES
]


@cache
def catalogue() -> GNUTranslations:
    """What translators have written; the compiled file may be older."""
    return GNUTranslations(io.BytesIO(compiled("ja", for_scripts=False)))


@pytest.fixture(autouse=True)
def japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "LANGUAGES", LANGUAGES)
    monkeypatch.setattr(relays, "LANGUAGES", LANGUAGES)
    monkeypatch.setattr(languages, "_catalogue", lambda _language: catalogue())


def of_demo() -> Verdict:
    """On the last day of the bundled log, in which somebody gets in without a name."""
    log = (STORY / "srv1" / "mainlog").read_bytes()
    configuration = (STORY / "srv1" / "configuration").read_text()
    known = Known(local_domains=frozenset({"example.com"}))
    return explain(log, configuration=configuration, log_host="srv1", known=known).verdict


def sentences(verdict: Verdict) -> Iterator[str]:
    """All that is said in it; not names and times, which may stand alone."""
    yield from filter(None, (verdict.headline, verdict.lead, verdict.basis))
    for fact in verdict.facts:
        yield from filter(None, (fact.question, fact.detail))
    for question in verdict.questions:
        yield from (question.name, question.because, *question.against)
        yield from (each.why for each in question.untold)
    yield from (step.text for step in verdict.next_steps)
    yield from (gap.why for gap in verdict.coverage)


def is_english(text: str) -> bool:
    return ENGLISH.search(OF_LOGS.sub("", text)) is not None


def assert_japanese(verdict: Verdict) -> None:
    said = list(sentences(verdict))
    assert [text for text in said if not JAPANESE.search(text) or is_english(text)] == []
    beside = [fact.answer for fact in verdict.facts] + [gap.remedy for gap in verdict.coverage]
    assert [text for text in beside if is_english(text)] == []


@pytest.mark.parametrize("sample", JUDGED, ids=lambda sample: sample.name)
def test_no_sentence_of_it_is_english(sample: Sample) -> None:
    with reading("ja"):
        assert_japanese(explained(sample).verdict)


def test_the_attack_of_the_demo_is_told_in_japanese() -> None:
    with reading("ja"):
        verdict = of_demo()
    assert_japanese(verdict)
    assert verdict.headline.startswith("srv1 は迷惑メールを送信しています。")
    assert "2026年3月" in verdict.lead
    assert [fact.question for fact in verdict.facts] == [
        "侵入したのは誰か",
        "手口",
        "いつから",
        "どれだけ送られたか",
        "終息したか",
        "修正は効いたか",
    ]


def test_it_answers_the_same_in_every_language() -> None:
    english = of_demo()
    with reading("ja"):
        japanese = of_demo()

    def answers(verdict: Verdict) -> list[object]:
        return [
            verdict.relaying,
            verdict.attack,
            verdict.rule,
            verdict.after and verdict.after.sent,
            verdict.log_selector,
            [(question.answer, question.rules) for question in verdict.questions],
            [(step.command, step.fix, step.urls) for step in verdict.next_steps],
            [(fact.state, fact.answer.isascii()) for fact in verdict.facts[:1]],
        ]

    assert answers(japanese) == answers(english)


def test_several_log_hosts_are_told_of_in_japanese() -> None:
    with reading("ja"):
        told = of_demo()
        both = combine([told, told])
    assert both.headline.startswith("2台のログホストのうち2台: srv1、srv1。")
    assert_japanese(both)


def test_advice_on_blocklists_is_given_in_japanese() -> None:
    with reading("ja"):
        advice = [say(each.advice) for each in KNOWN_LISTS if each.advice]
    assert advice and not [text for text in advice if is_english(text)]


def test_a_host_without_a_name_stands_close_to_the_words_beside_it() -> None:
    with reading("ja"):
        assert (
            say("{host} has sent spam", host=say("this server")) == "このサーバーは迷惑メールを送信しました"
        )
        assert say("{host} has sent spam", host="srv1") == "srv1 は迷惑メールを送信しました"
        assert say("Repair {names} on {host}, then reload Exim.", names="plain", host=say("this server")) == (
            "このサーバーの plain を修正し、Exim を再読み込みしてください。"
        )
