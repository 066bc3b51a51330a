"""Several requests under way at a time: in order, never two with one client, no error lost."""

from __future__ import annotations

import threading

import pytest

from syncbit_dagster.sources.side_by_side import SideBySide

PATIENCE = 30.0


class Client:
    """Notes whether two jobs ever met in it."""

    def __init__(self) -> None:
        self.is_busy = threading.Lock()


class Service:
    """Answers a number when it is told to."""

    def __init__(self, *held: int) -> None:
        self.asked: list[int] = []
        self.has_asked = threading.Condition()
        self.may_answer = {number: threading.Event() for number in held}

    def __call__(self, client: Client, number: int) -> int:
        assert client.is_busy.acquire(blocking=False)
        try:
            with self.has_asked:
                self.asked.append(number)
                self.has_asked.notify_all()
            if number in self.may_answer:
                assert self.may_answer[number].wait(PATIENCE)
            if number < 0:
                raise ValueError(number)
            return 10 * number
        finally:
            client.is_busy.release()

    def until(self, number: int) -> bool:
        with self.has_asked:
            return self.has_asked.wait_for(lambda: number in self.asked, PATIENCE)


@pytest.fixture(params=(1, 2, 3))
def clients(request: pytest.FixtureRequest) -> SideBySide[Client]:
    return SideBySide([Client() for _ in range(request.param)])


@pytest.mark.parametrize("jobs", [0, 1, 2, 7, 100])
def test_answers_come_in_the_order_of_the_jobs(clients: SideBySide[Client], jobs: int) -> None:
    assert list(clients.answers(range(jobs), Service())) == [10 * job for job in range(jobs)]


def test_the_second_is_asked_before_the_first_has_answered() -> None:
    service, clients = Service(0), SideBySide([Client(), Client()])
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.extend(clients.answers(range(4), service)))
    waiting.start()
    assert service.until(1)
    assert set(service.asked) == {0, 1}  # and no third one: each client has its job
    service.may_answer[0].set()
    waiting.join(PATIENCE)
    assert answers == [0, 10, 20, 30]


def test_the_next_is_asked_while_an_answer_is_looked_at() -> None:
    service, clients = Service(), SideBySide([Client(), Client()])
    answers = clients.answers(range(9), service)
    next(answers)
    assert service.until(2)
    assert 3 not in service.asked


def test_an_error_comes_when_it_is_its_turn(clients: SideBySide[Client]) -> None:
    answers = clients.answers([1, 2, -3, 4, 5, 6, 7], Service())
    assert [next(answers), next(answers)] == [10, 20]
    with pytest.raises(ValueError, match="-3"):
        next(answers)
    assert list(clients.answers([8, 9], Service())) == [80, 90]  # the clients are good for more


def test_what_nobody_wants_any_more_ends_before_its_client_is_used_again() -> None:
    first, clients = Service(1), SideBySide([Client(), Client()])
    abandoned = clients.answers([0, 1, 2], first)
    assert next(abandoned) == 0
    del abandoned
    second = Service()
    answers = clients.answers([5, 6, 7], second)
    first.may_answer[1].set()
    assert list(answers) == [50, 60, 70]  # the service itself asserts that no client was shared


def test_an_error_waits_for_the_others_under_way() -> None:
    service, clients = Service(1), SideBySide([Client(), Client()])
    errors: list[Exception] = []

    def ask() -> None:
        try:
            list(clients.answers([-7, 1, 2], service))
        except ValueError as error:
            errors.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert service.until(1)
    asking.join(0.05)
    assert asking.is_alive()
    service.may_answer[1].set()
    asking.join(PATIENCE)
    assert len(errors) == 1
    assert sorted(service.asked) == [-7, 1]
