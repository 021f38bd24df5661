import asyncio

import pytest

from coig_writer.llm.throttle import Throttle


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def test_never_more_than_the_bound_and_everyone_gets_a_turn():
    async def scene():
        throttle, peak, done = Throttle(3), 0, []

        async def one(place):
            nonlocal peak
            await throttle.acquire(place)
            peak = max(peak, throttle.in_flight)
            await asyncio.sleep(0)
            throttle.release()
            done.append(place)

        await asyncio.gather(*(one(place) for place in range(20)))
        return peak, sorted(done), throttle.in_flight

    assert run(scene()) == (3, list(range(20)), 0)


def test_lower_places_go_first():
    async def scene():
        throttle, order = Throttle(1), []
        await throttle.acquire(0)

        async def one(place):
            await throttle.acquire(place)
            order.append(place)
            throttle.release()

        tasks = [asyncio.create_task(one(place)) for place in (5, 2, 9, 1)]
        await asyncio.sleep(0)
        throttle.release()
        await asyncio.gather(*tasks)
        return order

    assert run(scene()) == [1, 2, 5, 9]


def test_one_burst_of_refusals_halves_once_and_answers_bring_it_back():
    async def scene():
        throttle = Throttle(16)
        starts = [await throttle.acquire(place) for place in range(16)]
        for start in starts:
            throttle.push_back(start, None)
            throttle.release()
        after_burst = throttle.limit
        throttle.push_back(await throttle.acquire(0), None)
        after_second = throttle.limit
        for _ in range(200):
            throttle.ease()
        return after_burst, after_second, throttle.limit

    assert run(scene()) == (8, 4, 16)


def test_the_bound_never_falls_below_one():
    async def scene():
        throttle = Throttle(2)
        for _ in range(5):
            throttle.push_back(await throttle.acquire(0), None)
            throttle.release()
        return throttle.limit

    assert run(scene()) == 1


def test_retry_after_closes_the_door_for_that_long():
    async def scene():
        throttle = Throttle(4)
        throttle.push_back(await throttle.acquire(0), 0.05)
        throttle.release()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.gather(*(throttle.acquire(place) for place in range(2)))
        return loop.time() - begun

    assert run(scene()) >= 0.049


def test_closing_cancels_who_waits_and_who_comes():
    async def scene():
        throttle = Throttle(1)
        await throttle.acquire(0)
        waiting = asyncio.create_task(throttle.acquire(1))
        await asyncio.sleep(0)
        throttle.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(asyncio.CancelledError):
            await throttle.acquire(2)
        return throttle.in_flight

    assert run(scene()) == 1


def test_a_cancelled_waiter_takes_no_slot():
    async def scene():
        throttle = Throttle(1)
        await throttle.acquire(0)
        first, second = (asyncio.create_task(throttle.acquire(place)) for place in (1, 2))
        await asyncio.sleep(0)
        throttle.release()  # the slot is first's, who is cancelled before it can use it
        first.cancel()
        await second
        return throttle.in_flight

    assert run(scene()) == 1
