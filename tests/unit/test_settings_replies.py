"""Where devices answer, as the file says it: every key, and everything that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from pointsman.model.jsonpath import parse_json_path
from pointsman.model.rule import Ignore, ReplyRule
from pointsman.model.topic import TopicFilter
from unit.configured import load, told


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        (
            "{topic: devices/+/answer, job: $.job}",
            ReplyRule(filter=TopicFilter("devices/+/answer"), job=parse_json_path("$.job"), result=parse_json_path("$")),
        ),
        (
            "{topic: a/+/#, job: '{2}-{1}', result: $.v}",
            ReplyRule(filter=TopicFilter("a/+/#"), job="{2}-{1}", result=parse_json_path("$.v")),
        ),
        (
            "{topic: a, job: \"$['the job']\", ignore: [no_value]}",
            ReplyRule(
                filter=TopicFilter("a"),
                job=parse_json_path("$['the job']"),
                result=parse_json_path("$"),
                ignore=frozenset({Ignore.NO_VALUE}),
            ),
        ),
    ],
)
def test_a_reply_rule_says_all_that_it_can(tmp_path: Path, written: str, rule: ReplyRule) -> None:
    assert load(tmp_path, f"replies: [{written}]").replies == (rule,)


def test_a_rule_may_read_what_an_intake_rule_or_another_one_reads_by_the_same_filter(tmp_path: Path) -> None:
    replies = "[{topic: x/+, job: $.a}, {topic: x/+, job: $.b}, {topic: y, job: $.a}]"
    loaded = load(tmp_path, f"intake: [{{topic: x/+, entity: '{{1}}', state: $.s}}]\nreplies: {replies}")
    assert (len(loaded.rules), len(loaded.replies)) == (1, 3)


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("replies: ►{topic: a, job: $.b}", "expected a list of replies, found a mapping"),
        ("replies: [►{topic: a}]", "expected the key 'job', found none"),
        ("replies: [►{job: $.a}]", "expected the key 'topic', found none"),
        ("replies: [{topic: a, job: $.b, ►state: $}]", "expected one of topic, job, result, ignore, found 'state'"),
        ("replies: [{topic: ►a/#/b, job: $.b}]", "a # that is not the last level"),
        ("replies: [{topic: ►$share/g/a, job: $.b}]", "a shared subscription"),
        (
            "replies: [{topic: a/+, job: ►job}]",
            "expected where the job's id is, a JSON path such as $.job or {1} for a wildcard, found 'job'",
        ),
        ("replies: [{topic: a/+, job: ►$.}]", "expected .name, ['name'] or [index]"),
        ("replies: [{topic: a/+, job: $.b, result: ►value}]", "expected a JSON path that begins with $"),
        ("replies: [{topic: a/+, job: 'x►{2}'}]", "expected {1}, since 'a/+' has 1 wildcard, found {2}"),
        ("replies: [{topic: a/b, job: '►{1}'}]", "expected a JSON path, since 'a/b' has no wildcard, found {1}"),
        ("replies: [{topic: a/b, job: $.b, ignore: [►unknown_entity]}]", "expected no_value, found 'unknown_entity'"),
        ("replies: [{topic: ►pointsman/jobs/+/results, job: '{1}'}]", "not Pointsman's own"),
        ("replies: [{topic: ►pointsman/jobs/+/cancel, job: '{1}'}]", "not Pointsman's own"),
        ("replies: [{topic: ►'#', job: $.b}]", "not Pointsman's own"),
        ("replies: [{topic: a/+, job: $.b}, {topic: ►a/b, job: $.b}]", "found 'a/b' and 'a/+' at f:1:19; narrow one of them"),
        (
            "intake: [{topic: a/+, entity: '{1}', state: $}]\nreplies: [{topic: ►a/#, job: $.b}]",
            "found 'a/#' and 'a/+' at f:1:18; narrow one of them",
        ),
    ],
)
def test_what_is_said_of_a_wrong_reply_rule(tmp_path: Path, marked: str, words: str) -> None:
    found = told(tmp_path, marked)
    assert any(words in line.replace(f"{tmp_path}/f.yaml", "f") for line in found), found
