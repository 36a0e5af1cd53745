"""The half that calls providers, judged by what it writes: complete, or refused by name; and by how it reads errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hearth.chat import ChatRequest
from hearth.conformance.meanings import FEATURES, HELLO, THINKING, said
from hearth.conformance.subject import UNHURRIED, Conformance, Subject
from hearth.conformance.wire import check_words, words_of
from hearth.dialects.dialect import Called, Head, HttpRequest
from hearth.problems import BrokenReply, ProviderProblem, Unsupported

SECRETS = {"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "host", "content-length"}
"""Headers that are added where the connection is made."""
CATEGORIES: dict[int, set[str]] = {
    400: {"invalid_request"},
    401: {"authentication"},
    403: {"permission", "authentication"},
    404: {"model_not_found", "invalid_request", "provider_error"},
    429: {"rate_limit"},
    500: {"provider_error"},
    502: {"provider_error", "overloaded", "network_error"},
    503: {"overloaded", "provider_error"},
    504: {"timeout", "provider_error"},
}
"""What an error may be where its body says nothing."""
EVIL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)


class CalledConformance(Conformance):
    """Requests out, errors and lists of models in. Replies have a part of their own."""

    def test_a_question_is_a_request(self, subject: Subject) -> None:
        """A plain chat is a POST below the provider's address, with the model's name and the words in it."""
        written = _written(subject, HELLO)

        assert written.method == "POST"
        assert written.path.startswith(subject.examples.prefix + "/"), written.path
        words = words_of(written)
        assert any("Hello there" in word for word in words)
        assert any(subject.examples.model in word for word in words)

    @pytest.mark.parametrize("stream", [True, False])
    def test_no_header_is_anothers_business(self, subject: Subject, *, stream: bool) -> None:
        """Keys, Host and Content-Length are added later; what the config adds goes along."""
        to = replace(subject.examples.to, headers=(("X-From-Config", "1"),))

        written = subject.calling().request(HELLO, to, stream=stream)

        names = {name.lower() for name, _ in written.headers}
        assert not names & SECRETS, names & SECRETS
        assert "x-from-config" in names

    @pytest.mark.parametrize("feature", FEATURES)
    def test_a_feature_is_carried_or_refused(self, subject: Subject, feature: str) -> None:
        """Whatever a person can ask for stands in what is sent, or `Unsupported` says that it cannot."""
        tried = FEATURES[feature]
        try:
            written = subject.calling().request(tried.request, subject.examples.to, stream=False)
        except Unsupported as refusal:
            check_words(refusal)
            return

        words = words_of(written)
        lost = [mark for mark in tried.marks if not any(mark in word for word in words)]
        assert not lost, f"{feature}: {lost} is left out; raise Unsupported where the format has no place for it."
        if tried.without is not None:
            plain = subject.calling().request(tried.without, subject.examples.to, stream=False)
            assert written.body != plain.body, f"{feature} is left out; raise Unsupported instead."

    def test_what_it_writes_depends_on_nothing_else(self, subject: Subject) -> None:
        """The same request is written in the same bytes each time: no clock, no chance, no memory."""
        for tried in (*FEATURES.values(), FEATURES["text"]):
            try:
                first = subject.calling().request(tried.request, subject.examples.to, stream=True)
            except Unsupported:
                continue
            assert subject.calling().request(tried.request, subject.examples.to, stream=True) == first

    @UNHURRIED
    @given(words=EVIL)
    def test_words_are_data(self, subject: Subject, words: str) -> None:
        """Whatever a person writes arrives as it is, and changes nothing but itself."""
        written = _written(subject, ChatRequest((said("user", words),)))

        assert any(words.strip() in word for word in words_of(written))

    def test_thinking_is_a_wish(self, subject: Subject) -> None:
        """To ask for thinking is written or refused, never a crash."""
        try:
            _written(subject, THINKING)
        except Unsupported as refusal:
            check_words(refusal)

    @pytest.mark.parametrize("status", CATEGORIES)
    @pytest.mark.parametrize("body", [b"", b"{}", b"<html>Bad gateway</html>", b'{"error": 7}'])
    def test_an_error_has_its_class(self, subject: Subject, status: int, body: bytes) -> None:
        """A status means what it means where the body says nothing; the provider is named as who failed."""
        problem = subject.calling().problem(Head(status), body, "far")

        assert isinstance(problem, ProviderProblem)
        assert problem.who == "far"
        assert problem.message
        assert problem.category in CATEGORIES[status], f"{status} is read as {problem.category}."

    def test_a_pause_is_kept(self, subject: Subject) -> None:
        """Retry-After is read, in seconds."""
        problem = subject.calling().problem(Head(429, (("retry-after", "7"),)), b"{}", "far")

        assert problem.retry_after == 7

    @UNHURRIED
    @given(status=st.integers(400, 599), body=st.binary(max_size=200))
    def test_no_error_is_too_odd(self, subject: Subject, status: int, body: bytes) -> None:
        """Any bytes are read as some problem of the provider's."""
        assert isinstance(subject.calling().problem(Head(status), body, "far"), ProviderProblem)

    @pytest.mark.parametrize("noise", [b"\x80", b"{", b'"', b"7"])
    def test_noise_inside_raises_nothing(self, subject: Subject, noise: bytes) -> None:
        """A recorded error or list with noise in it is still an error, and still a list or a `BrokenReply`."""
        half, examples = subject.calling(), subject.examples
        for example in examples.errors:
            for body in _with_noise(example.body, noise):
                assert half.problem(Head(example.status), body, "far").who == "far"
        for body in _with_noise(examples.listing, noise):
            try:
                half.models(body)
            except BrokenReply as problem:
                check_words(problem)

    def test_recorded_errors_are_what_they_are(self, subject: Subject) -> None:
        """Each recorded error is read as the problem that its author says it is."""
        for example in subject.examples.errors:
            found = subject.calling().problem(Head(example.status, example.headers), example.body, "far")
            assert type(found) is example.problem, f"{example.status} {example.body[:200]!r}"

    def test_models_are_asked_for_and_read(self, subject: Subject) -> None:
        """The list is fetched by a GET below the address, and its names are those of the recorded reply."""
        asked = subject.calling().list_models(subject.examples.to)
        assert (asked.method, asked.body) == ("GET", b"")
        assert asked.path.startswith(subject.examples.prefix + "/"), asked.path

        if subject.examples.listing:
            names = tuple(model.name for model in subject.calling().models(subject.examples.listing))
            assert names == subject.examples.models

    @UNHURRIED
    @given(body=st.binary(max_size=100) | st.sampled_from([b"", b"[]", b"{}", b'{"data":7}', b'{"models":[7]}']))
    def test_a_list_is_read_or_refused(self, subject: Subject, body: bytes) -> None:
        """What is no list of models is a `BrokenReply`, never a crash."""
        half = subject.calling()
        try:
            half.models(body)
        except BrokenReply as problem:
            check_words(problem)


def _with_noise(body: bytes, noise: bytes) -> list[bytes]:
    return [body[:at] + noise + body[at:] for at in range(len(body))]


def _written(subject: Subject, request: ChatRequest) -> HttpRequest:
    half: Called = subject.calling()
    return half.request(request, subject.examples.to, stream=False)
