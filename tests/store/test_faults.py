"""What errors of a database mean that says of itself that it is ill."""

import pymysql
import pytest

from coord.store import faults

# perror(1) of MariaDB 10.11 has their texts
ILL = {
    "its folder for temporary files is gone": (1, 2, 3, 12, 29, 1004, 1016, 1018, 1024),
    "its disk is full or fails": (20, 27, 135, 136, 189, 1021, 1026, 1030, 1114, 1810, 1811, 1878),
    "it has no memory left": (5, 128, 1037, 1038, 1041, 3015),
    "it has no descriptor, thread or lock left": (23, 1135, 1206),
    "its tables are damaged": (126, 127, 130, 145, 1033, 1034, 1035, 1194, 1195, 1712, 1877, 1932),
    "it only reads": (165, 1036, 1290, 1792, 1836, 1874),
    "it is going, or closes the connection": (1053, 1156, 1927, 2013, 3032),
    "its transaction failed": (197, 1180, 1181, 1213, 1637, 1689),
    "InnoDB did not start": (1286, 4182),
}


@pytest.mark.parametrize("numbers", ILL.values(), ids=list(ILL))
def test_a_server_that_is_ill_is_a_503(numbers: tuple[int, ...]) -> None:
    for number in numbers:
        assert faults.classify(pymysql.err.OperationalError(number, "")).unavailable, number


def test_a_driver_that_cannot_make_sense_of_an_answer_drops_the_connection() -> None:
    """Its own error, which has no number; a mistake in how it is called has none either."""
    wrong_order = pymysql.err.InternalError("Packet sequence number wrong - got 3 expected 1")
    assert faults.classify(wrong_order) is faults.UNKNOWN_OUTCOME
    assert faults.classify(pymysql.err.ProgrammingError("Cursor closed")) is faults.BUG


def test_a_statement_that_is_wrong_is_a_bug() -> None:
    for number in (1048, 1064, 1406, 4025):
        assert faults.classify(pymysql.err.ProgrammingError(number, "")) is faults.BUG
