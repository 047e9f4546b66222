"""Server-sent events of a worker: what is told to whom, what happens at the ends, and to those who do not read."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration.modern_rig import modern_site
from integration.rights_rig import Rig
from pointsman.http.app import build_app
from pointsman.http.live import events
from pointsman.model.edit import DropKeys
from pointsman.model.ids import UserId
from servers.api import LOGIN, PASSWORD, Site
from servers.client import MqttClient
from servers.following import Follower, Told

pytestmark = pytest.mark.external_service

CONFIGURATION = """
mqtt: {announce: none}
states: [{id: "1", name: OK}, {id: "3", name: ALARM}]
classes:
  - id: pump
    operations:
      - {id: tell, type: mqtt, topic: "out/{{id}}", message: "{{state.name}}"}
      - {id: fail, type: mqtt, topic: "out/{{id}}", message: "{{args.none}}"}
    triggers: [{states: [OK, ALARM], operation: tell}]
objects: [{id: p1, class: pump}, {id: p2, class: pump}, {id: p3, class: pump}]
links: [{id: pipe, source: p1, target: p2}]
intake: [{topic: "in/+", entity: "{1}", state: "$"}]
"""
WHO = (LOGIN, PASSWORD)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with modern_site(CONFIGURATION) as made:
        made.call(
            "POST", "/api/v1/users", {"id": "eve", "login": "eve", "password": PASSWORD, "objectPermissions": {"include": ["p1"]}}
        )
        yield made


@pytest.fixture
def changes(site: Site) -> Iterator[Callable[[str, int], None]]:
    """Changes an entity's state so many times: each makes a job."""
    with MqttClient(site.broker) as client:
        at = {"n": 0}

        def change(entity: str, times: int = 1) -> None:
            for _ in range(times):
                at["n"] += 1
                client.publish(f"in/{entity}", json.dumps("ALARM"))
                client.publish(f"in/{entity}", json.dumps("OK"))

        yield change


def follow(site: Site, query: str = "", last: str | None = None, who: tuple[str, str] = WHO, **more: Any) -> Follower:
    return Follower(f"{site.url}/api/v1/events?{query}", who, last, **more)


def some(follower: Follower, count: int, of: Callable[[Told], bool] = lambda _: True) -> list[Told]:
    """The next so many events of a kind."""
    found: list[Told] = []
    for event in follower.events():
        found += [event] if of(event) else []
        if len(found) == count:
            return found
    raise AssertionError(f"it ended after {found}")


def is_final(event: Told) -> bool:
    return event.name == "job" and event.data["finished"] is not None


def is_state(event: Told) -> bool:
    return event.name == "state"


def test_a_stream_begins_with_now_and_tells_jobs_and_states_as_the_api_does(site: Site, changes: Callable[[str], None]) -> None:
    with follow(site) as follower:
        assert follower.status == 200
        follower.ready()
        changes("p1")
        some(follower, 2, is_final)
    with follow(site) as follower:
        follower.ready()
        changes("p1")
        told = some(follower, 2, is_final)
    for event in told:
        assert event.data == site.call("GET", f"/node/api/jobs/{event.data['id']}")
    with follow(site, last=told[0].id) as follower:
        again = some(follower, 1, is_final)
    assert again[0].data == told[1].data, "nothing of before is told again"
    with follow(site, last="0") as follower:
        state = some(follower, 1, is_state)[0]
    assert state.data == site.call("GET", f"/api/v1/history/{state.data['id']}")


def test_events_are_told_in_the_order_of_their_ids(site: Site, changes: Callable[..., None]) -> None:
    with follow(site) as follower:
        follower.ready()
        changes("p2", 10)
        ids = [event.id for event in some(follower, 40)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("query", "is_so"),
    [
        ("states=false", lambda event: event.name == "job"),
        ("jobs=false", is_state),
        ("entity=p2", lambda event: event.data.get("owner_id", event.data.get("entity_id")) == "p2"),
        ("owner=p2&states=false", lambda event: event.data["owner_id"] == "p2"),
        ("operation=fail&states=false", lambda event: event.data["operation_id"] == "fail"),
        ("status=failed&status=succeeded&states=false", lambda event: event.data["status"] in ("failed", "succeeded")),
    ],
)
def test_only_what_is_asked_for_is_told(
    site: Site, changes: Callable[..., None], query: str, is_so: Callable[[Told], bool]
) -> None:
    with follow(site, query) as follower:
        follower.ready()
        changes("p1", 2)
        changes("p2", 2)
        for entity in ("p1", "p2"):
            site.call("POST", f"/node/api/objects/{entity}/operations/fail/execute", {})
        assert all(map(is_so, some(follower, 2)))


def test_what_is_out_of_reach_is_not_told(site: Site, changes: Callable[..., None]) -> None:
    with follow(site, who=("eve", PASSWORD)) as follower:
        follower.ready()
        changes("p2", 3)
        changes("p1")
        told = some(follower, 2, is_state)
    assert {event.data["entity_id"] for event in told} == {"p1"}


def test_nobody_follows_without_a_login_or_from_a_place_that_is_none(site: Site) -> None:
    with follow(site, who=("admin", "wrong")) as follower:
        assert follower.status == 401
    with follow(site, last="'; DROP TABLE jobs") as follower:
        assert follower.status == 400


def test_after_stands_for_the_header(site: Site, changes: Callable[..., None]) -> None:
    with follow(site) as follower:
        follower.ready()
        changes("p1", 3)
        told = some(follower, 4)
    with follow(site, f"after={told[1].id}") as follower:
        assert some(follower, 1)[0].id > told[1].id


def test_a_place_that_lies_ahead_is_of_another_store_and_the_reader_is_told(site: Site, changes: Callable[..., None]) -> None:
    with follow(site, last="ffffffff-ffff-7fff-bfff-ffffffffffff") as follower:
        assert some(follower, 1)[0].name == "gap"
        changes("p1")
        assert some(follower, 1)[0].name in ("state", "job")


def test_a_reader_who_missed_what_is_not_kept_any_more_is_told_so_once() -> None:
    with modern_site(CONFIGURATION + "store: {keep_jobs: 3}") as site:
        with follow(site) as follower, MqttClient(site.broker) as client:
            follower.ready()
            for state in ("ALARM", "OK") * 4:
                client.publish("in/p1", json.dumps(state))
            first = some(follower, 8, is_final)[0]
        site.worker.stop()  # it prunes at its start
        site.worker.start()
        until = time.monotonic() + 20
        while len(site.call("GET", "/api/v1/jobs")["items"]) > 3:
            assert time.monotonic() < until
            time.sleep(0.05)
        with follow(site, last=first.id) as follower:
            told = some(follower, 3)
    assert [event.name for event in told].count("gap") == 1
    assert told[0].name == "gap"
    assert told[0].data["after"] == first.id
    assert told[0].data["kept_from"] > first.id


def test_a_reader_who_does_not_read_holds_up_nobody_and_misses_nothing(site: Site, changes: Callable[..., None]) -> None:
    with follow(site, buffer=4_096) as asleep, follow(site) as awake:
        awake.ready()
        asleep.ready()
        changes("p3", 600)  # so many that its triggers are held back: of no use to other tests
        heard = some(awake, 1_200, is_state)
        assert [event.id for event in some(asleep, 1_200, is_state)] == [event.id for event in heard]


def test_there_are_only_so_many_streams(site: Site) -> None:
    with ExitStack() as stack:
        until = time.monotonic() + 30

        def let_in() -> Follower:
            """Whoever has left may not have been noticed yet."""
            while (follower := follow(site)).status != 200:
                follower.close()
                assert time.monotonic() < until
                time.sleep(0.05)
            return stack.enter_context(follower)

        mine = [let_in() for _ in range(events.STREAMS)]
        with follow(site) as one_more:
            assert one_more.status == 503
        mine[0].close()
        let_in()


def test_streams_end_in_order_when_the_worker_stops(site: Site) -> None:
    with follow(site) as follower:
        follower.ready()
        assert site.worker.stop() == 0
        assert list(follower.events()) == []
        assert follower.is_whole
    site.worker.start()


class BentClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> int:
        return int(time.time() * 1000)

    def monotonic(self) -> float:
        return self.seconds


def test_a_stream_ends_when_its_reader_is_not_let_in_any_more(tmp_path: Path) -> None:
    """Its access is asked for again each minute."""
    rig = Rig(tmp_path)
    clock = BentClock()
    services = replace(rig.services, clock=clock)
    app = build_app(services)
    sent: list[dict[str, Any]] = []

    async def ask() -> bool:
        wanted = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/events",
            "raw_path": b"",
            "query_string": b"",
            "scheme": "http",
        }
        headers = [(b"authorization", f"Bearer {rig.tokens['nothing']}".encode())]
        scope = {**wanted, "asgi": {"version": "3.0"}, "http_version": "1.1", "headers": headers, "client": ("127.0.0.1", 1)}

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        stream = asyncio.create_task(app(scope, receive, send))
        while len(sent) < 2:
            await asyncio.sleep(0.01)
        clock.seconds += events.CHECKED + 1
        services.pulse.moved()
        await asyncio.sleep(0.3)
        goes_on = not stream.done()
        with rig._store.begin() as unit:
            unit.apply([DropKeys(UserId("nothing"))])
        clock.seconds += events.CHECKED + 1
        services.pulse.moved()
        await asyncio.wait_for(stream, 20)
        return goes_on

    try:
        assert asyncio.run(ask()), "as long as it is let in it goes on"
    finally:
        rig.close()
    assert sent[0]["status"] == 200
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
