"""Whatever a rule says is shown by lines: a hit, a near miss, and each of its guards at work."""

import json
from random import Random

import pytest

from ingest.rules import RULES
from tests.rules.annotated import Expected, Found, Sample, explained, judged, samples

SAMPLES = samples()
OF_LOGS = [
    code for code in RULES if not code.startswith("X")
]  # X: configurations, which have tests of their own
WITH_LINES = [sample for sample in SAMPLES if sample.lines]


def of(code: str, kind: str) -> list[Sample]:
    return [sample for sample in SAMPLES if sample.rule == code and sample.kind == kind]


def test_every_sample_is_of_a_rule() -> None:
    assert {sample.rule for sample in SAMPLES} == set(OF_LOGS)


@pytest.mark.parametrize("code", OF_LOGS)
def test_every_rule_has_a_hit_a_near_miss_and_each_guard(code: str) -> None:
    assert of(code, "hit"), f"{code} has no hit."
    assert of(code, "near miss"), f"{code} has no near miss."
    shown = {sample.guard for kind in ("guard", "guard (words)") for sample in of(code, kind)}
    missing = [guard for guard in RULES[code].guards if guard not in shown]
    assert not missing, f"{code} has no sample of: {missing}"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_says_what_it_expects(sample: Sample) -> None:
    if sample.kind == "guard (words)" and not sample.lines:
        assert sample.because
        return
    assert sample.lines and sample.expected is not None
    assert sample.expected or sample.kind != "hit"


@pytest.mark.parametrize("sample", WITH_LINES, ids=lambda sample: sample.name)
def test_exactly_the_expected_is_found(sample: Sample) -> None:
    found = sample.of_rule()
    expected = sample.expected or frozenset()
    unexpected = [one for one in found if not any(_is_same(one, other) for other in expected)]
    missing = [other for other in expected if not any(_is_same(one, other) for one in found)]
    assert not unexpected and not missing
    for code, other in sample.beside:
        assert any(one.rule == code and _is_same(one, other) for one in judged(sample)), (code, other)


@pytest.mark.parametrize(
    "sample",
    [sample for sample in WITH_LINES if sample.answers or sample.says],
    ids=lambda sample: sample.name,
)
def test_the_verdict_answers_as_expected(sample: Sample) -> None:
    verdict = explained(sample).verdict
    answers = {question.name: str(question.answer) for question in verdict.questions}
    assert {name: answers[name] for name, _ in sample.answers} == dict(sample.answers)
    text = json.dumps(verdict.as_json(), ensure_ascii=False)
    assert not [words for words in sample.says if words not in text]


@pytest.mark.parametrize("sample", WITH_LINES, ids=lambda sample: sample.name)
def test_any_order_of_the_lines_gives_the_same_findings(sample: Sample) -> None:
    expected, places = judged(sample), range(len(sample.entries()))
    for seed in range(3):
        order = tuple(Random(seed).sample(places, len(places)))
        assert judged(sample, order) == expected


def _is_same(found: Found, expected: Expected) -> bool:
    return found[1:3] == expected[:2] and expected.words in found.text
