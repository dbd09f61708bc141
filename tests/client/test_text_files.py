"""Texts as editors and shells write them, on Windows too."""

from pathlib import Path

import pytest

from coord.client.text_files import BadEncoding, decode, read

TEXT = 'project = "größe"\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_what_editors_write_is_read(encoding: str) -> None:
    content = TEXT.encode(encoding)
    assert decode(b"\xfe\xff" + content if encoding == "utf-16-be" else content) == TEXT


@pytest.mark.parametrize(
    "content",
    [TEXT.encode("latin-1"), TEXT.encode("utf-16-le"), b"\xff\xfea"],
    ids=["latin-1", "no mark", "half a character"],
)
def test_what_cannot_be_read_says_how_to_save_it(content: bytes) -> None:
    with pytest.raises(BadEncoding, match="Save it as UTF-8"):
        decode(content)


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read(str(tmp_path / "gone"), 100) == ""
