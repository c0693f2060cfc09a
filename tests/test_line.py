"""dashboard.line: so many at once, the others in order, and nobody held up by one who leaves.

May import: the standard library, pytest, streamlit's AppTest, dashboard.line.
"""

from __future__ import annotations

import threading

import pytest

from dashboard import line


def test_no_more_than_allowed_and_in_the_order_they_came() -> None:
    of, order, inside, most = line.Line(2), [], 0, 0
    lock, gate = threading.Lock(), threading.Event()

    def visit(number: int, waits: threading.Event) -> None:
        nonlocal inside, most
        with of.turn(lambda _: waits.set()):
            waits.set()
            with lock:
                order.append(number)
                inside += 1
                most = max(most, inside)
            gate.wait(10)
            with lock:
                inside -= 1

    visitors = []
    for number in range(8):
        waits = threading.Event()
        visitors.append(threading.Thread(target=visit, args=(number, waits)))
        visitors[-1].start()
        assert waits.wait(10)  # the next comes when this one is in or stands in the line
    assert len(order) == 2
    gate.set()
    for visitor in visitors:
        visitor.join(10)
    assert sorted(order) == list(range(8)) and most == 2
    assert order.index(2) < order.index(7)


def test_who_waits_hears_how_many_come_before() -> None:
    of, gate, inside = line.Line(1), threading.Event(), threading.Event()
    heard = []

    def first() -> None:
        with of.turn(lambda _: None):
            inside.set()
            gate.wait(10)

    def waits(place: list[int], seen: threading.Event) -> None:
        def tell(before: int) -> None:
            place.append(before)
            seen.set()

        with of.turn(tell):
            heard.append(place)

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert inside.wait(10)
    places: list[list[int]] = [[], []]
    for place in places:
        told = threading.Event()
        threads.append(threading.Thread(target=waits, args=(place, told)))
        threads[-1].start()
        assert told.wait(10)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert places[0][0] == 0 and places[1][0] == 1
    assert heard == places, "in the order they came"


def test_one_who_leaves_holds_up_nobody() -> None:
    of = line.Line(1)

    def leave(_: int) -> None:
        raise KeyboardInterrupt

    with of.turn(lambda _: None):
        with pytest.raises(KeyboardInterrupt), of.turn(leave):
            pytest.fail("it was not its turn")
        assert of._waiting == []
    with pytest.raises(ZeroDivisionError), of.turn(leave):
        raise ZeroDivisionError
    with of.turn(leave):
        assert of._served == 1
    assert of._served == 0


def test_a_place_in_words() -> None:
    assert line.place(0).endswith("Yours is next.")
    assert "one other clip comes before yours" in line.place(1)
    assert "3 other clips come before yours" in line.place(3)
