from clarion.embedded.backoff import Backoff


def test_the_wait_doubles_from_half_a_second_to_thirty() -> None:
    backoff = Backoff()
    waits = [backoff.after_crash(lived_seconds=1) for _ in range(9)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_ten_seconds_of_health_forget_earlier_crashes() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after_crash(lived_seconds=9.9)
    assert backoff.after_crash(lived_seconds=10) == 0.5
    assert backoff.after_crash(lived_seconds=1) == 1
