"""What is no picture, or is called something else, is told before anybody gets it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.chat import Image, Message, Text, ToolResult
from hearth.dialects.data_urls import picture_url
from hearth.dialects.picture_types import real_type
from hearth.dialects.pictures import check_pictures
from hearth.problems import BadRequest

STARTS = {
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "image/gif": b"GIF89a\x01\x00\x01\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "image/bmp": b"BM\x46\x00\x00\x00\x00\x00",
    "image/tiff": b"II*\x00\x08\x00\x00\x00",
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00",
    "image/avif": b"\x00\x00\x00\x1cftypavif\x00\x00",
}
PNG = base64.b64encode(STARTS["image/png"] + bytes(40)).decode()


def looked_at(image: Image, *, exact: bool = False) -> None:
    """Check a conversation with this picture in it."""
    check_pictures([Message("user", (Text("what is this?"), image))], exact=exact)


@pytest.mark.parametrize("kind", STARTS)
@given(rest=st.binary(max_size=60))
def test_formats_are_told_by_their_first_bytes(kind: str, rest: bytes) -> None:
    """In either alphabet of base64, with or without padding, and over several lines."""
    data = STARTS[kind] + rest
    plain = base64.b64encode(data).decode()

    assert real_type(plain) == kind
    assert real_type(base64.urlsafe_b64encode(data).decode().rstrip("=")) == kind
    assert real_type(f"{plain[:10]}\r\n{plain[10:]}") == kind


@pytest.mark.parametrize(
    "data", ["", "%%%", "bm90IGEgcGljdHVyZQ==", "PGh0bWw+", "ä" * 8, base64.b64encode(b"%PDF-1.7").decode()]
)
def test_what_is_no_picture_is_refused(data: str) -> None:
    """Nothing, no base64, a text, a page, a document; the words say what to send."""
    with pytest.raises(BadRequest) as refused:
        looked_at(Image(data=data, media_type="image/png"))

    assert "PNG, JPEG" in refused.value.next_step


@pytest.mark.parametrize("said", ["text/html", "application/pdf", "png", "video/mp4"])
def test_another_type_than_a_pictures_is_refused(said: str) -> None:
    """Whatever the data are."""
    with pytest.raises(BadRequest, match="not the type of a picture"):
        looked_at(Image(data=PNG, media_type=said))


def test_a_wrong_label_is_put_right_or_told() -> None:
    """Most engines look at the data alone: the right type is written for them; who compares gets nothing wrong."""
    mislabelled = Image(data=PNG, media_type="image/jpeg")

    looked_at(mislabelled)
    with pytest.raises(BadRequest, match="it is image/png"):
        looked_at(mislabelled, exact=True)

    assert picture_url("image/jpeg", PNG).startswith("data:image/png;base64,")


def test_pictures_by_address_are_the_providers_affair() -> None:
    """Hearth fetches nothing."""
    looked_at(Image(url="https://example.org/cat.png"))


def test_data_urls_and_results_of_tools_are_looked_at_too() -> None:
    """Wherever a picture stands."""
    broken = Image(url="data:image/png;base64,bm90aGluZw==")
    result = Message("tool", (ToolResult("c1", (broken,)),))

    with pytest.raises(BadRequest, match="is none"):
        looked_at(broken)
    with pytest.raises(BadRequest, match="is none"):
        check_pictures([result])


@given(st.text(max_size=200))
def test_any_text_is_looked_at_without_an_exception(data: str) -> None:
    """F30: it is a known picture, or it is none."""
    assert real_type(data) in {"", *STARTS, "image/heif"}
