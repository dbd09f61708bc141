"""A project's regular expressions for commands: what `re` makes of them, in bounded time."""

import re

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from coord.client.shell.patterns import MAX_STEPS, BadExpression, Budget, Expression

_ATOMS = [
    "a",
    "b",
    ".",
    r"\w",
    "[ab]",
    "[^a]",
    "[]a-b]",
    r"\b",
    "^",
    "$",
    r"\s",
    " ",
    r"\.",
    "(?:)",
]
_COUNTS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{,2}", "{2,}", "{1,2}?", "{x}"]


def larger(patterns: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}".format, patterns, patterns),
        st.builds("({}|{})".format, patterns, patterns),
        st.builds("(?P<n>{})".format, patterns).filter(lambda pattern: pattern.count("P<n>") == 1),
        st.builds("(?:{}){}".format, patterns, st.sampled_from(_COUNTS)),
    )


@given(
    pattern=st.recursive(st.sampled_from(_ATOMS), larger, max_leaves=8),
    flags=st.sampled_from(["", "(?i)", "(?s)"]),
    text=st.text("abAB .\n", max_size=9),
)
def test_it_matches_what_re_matches(pattern: str, flags: str, text: str) -> None:
    try:
        by_re = re.compile(flags + pattern).match(text)
    except re.error:  # two groups of one name
        reject()
    ours = Expression(flags + pattern).expand(text, r"\0", Budget())
    assert ours == (by_re and by_re[0])


@pytest.mark.parametrize(
    ("pattern", "text", "template", "expanded"),
    [
        (r"bin/import (\w+)", "bin/import prod now", r"import \1", "import prod"),
        (r"(?P<what>\w+)-(\d+)", "job-12", r"\g<2> of \g<what>", "12 of job"),
        (r"deploy(?: --env (\w+))?", "deploy", r"deploy \1", "deploy "),
        (r"(a|ab)(c|bcd)(d*)", "abcd", r"\1,\2,\3", "a,bcd,"),
        (r"(.+?) to (.+)", "send x to y to z", r"\1|\2", "send x|y to z"),
        (r"(?:-(\w) )*x", "-a -b x", r"\1", "b"),
    ],
)
def test_a_template_gets_the_groups(pattern: str, text: str, template: str, expanded: str) -> None:
    assert Expression(pattern).expand(text, template, Budget()) == expanded


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*$", "(.*a){25}$", "(a?){200}b", "a*a*a*a*a*a*a*a*a*a*b", "(a*)*b"],
)
def test_what_takes_re_for_ever_takes_a_bounded_number_of_steps(pattern: str) -> None:
    budget = Budget()
    assert Expression(pattern).expand("a" * 300 + "!", "x", budget) is None
    assert budget.steps > MAX_STEPS * 0.6


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        "(?P<n>a)(?P=n)",
        "(?=a)a",
        "(?!b)a",
        "(?<=b)a",
        "(?<!b)a",
        "a(?i:b)",
        "(",
        "[a",
        "((a{99}){99}){99}",
    ],
)
def test_what_cannot_be_matched_in_bounded_time_is_refused(pattern: str) -> None:
    with pytest.raises(BadExpression):
        Expression(pattern)


@pytest.mark.parametrize("template", [r"\2", r"\g<other>"])
def test_a_template_names_groups_that_there_are(template: str) -> None:
    with pytest.raises(BadExpression, match="no group"):
        Expression("(a)").check_template(template)
