"""Completion in bash and fish, where coord's names are more than click has in mind: importing this
makes it known.

Names come from other sessions. Unquoted, `git push` would be two words, and `x; rm y` two commands;
zsh and fish quote by themselves. Inside quotes that were typed, bash is not offered a name that
could end them.
"""

from __future__ import annotations

import os
import shlex

from click import shell_completion
from click.shell_completion import add_completion_class

_LAST = "last"
# bash makes three words of `HOST:/etc`, and puts what is completed behind the colon.
_WORDS_OF_BASH = """local words="${COMP_WORDS[*]}" number=$COMP_CWORD before=
    local line=${COMP_LINE:0:${COMP_POINT:-0}}
    local word=${line##*[[:space:]]}
    if [[ $COMP_WORDBREAKS == *:* && $word == *:* && $word != [\\"\\']* ]]; then
        words=$line number=%(last)s
        word=${word#--*=}
        before=${word%%"${word##*:}"}
    fi
    response=$(env COMP_WORDS="$words" COMP_CWORD=$number """
_REPLY = """case ${COMP_WORDS[COMP_CWORD]} in
                \\"*|\\'*) [[ $value == *[\\"\\'\\\\\\`\\$]* ]] && continue ;;
                *) printf -v value %%q "$value" ;;
            esac
            COMPREPLY+=("${value#"$before"}")"""
_CHANGES = {
    'response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD ': _WORDS_OF_BASH,
    "read type value": "read -r type value",
    "COMPREPLY+=($value)": _REPLY,
}


def _words(line: str) -> list[str]:
    """As a shell parts them; the last one may be torn."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:  # a quote is open
        words.append(lexer.token)
    return words


def _changed(template: str) -> str:
    for before, after in _CHANGES.items():
        assert before in template, f"click's completion has changed: {before}"
        template = template.replace(before, after)
    return template


class BashComplete(shell_completion.BashComplete):
    source_template = _changed(shell_completion.BashComplete.source_template)

    def source_vars(self) -> dict[str, object]:
        return {**super().source_vars(), "last": _LAST}

    def get_completion_args(self) -> tuple[list[str], str]:
        if os.environ["COMP_CWORD"] != _LAST:
            return super().get_completion_args()
        words = _words(os.environ["COMP_WORDS"])
        return words[1:-1], words[-1]


class FishComplete(shell_completion.FishComplete):
    # a name may have a comma
    source_template = shell_completion.FishComplete.source_template.replace(
        'string split ","', 'string split -m1 ","'
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """The word may have begun with a quote, which fish keeps there."""
        words = _words(os.environ["COMP_WORDS"])[1:]
        begun = _words(os.environ["COMP_CWORD"])
        if not begun:
            return words, ""
        return words[:-1] if words[-1:] == begun else words, begun[0]


add_completion_class(BashComplete)
add_completion_class(FishComplete)
