"""Reads the redirections of a line of sh or bash, and its here-documents."""

from __future__ import annotations

from coord.client.shell.posix_words import WordReader
from coord.client.shell.words import QUOTED, VARIABLES, Command, Word

BLANKS = frozenset(" \t\r")
_OPERATORS = {
    **{each: each for each in ("<<<", "<<-", "<<", "<&", "<>", "<", "&>>", "&>", ">>", ">&", ">")},
    **dict.fromkeys((">|", ">!"), ">"),
    **dict.fromkeys((">>|", ">>!"), ">>"),
    **dict.fromkeys(("&>|", "&>!", ">&|", ">&!"), "&>"),
    **dict.fromkeys(("&>>|", "&>>!", ">>&", ">>&|", ">>&!"), "&>>"),
}
"""Those of bash and of zsh, where a mark asks to write over what is there."""
_LONGEST_FIRST = sorted(_OPERATORS, key=len, reverse=True)


class RedirectReader(WordReader):
    def __init__(self, text: str, depth: int) -> None:
        super().__init__(text, depth)
        self._pending: list[tuple[str, bool, bool, Command]] = []  # here-documents still to come

    def line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def redirect_operator(self) -> str:
        if self.text[self.at] not in "<>&":
            return ""
        for operator in _LONGEST_FIRST:
            if self.text.startswith(operator, self.at):
                if operator in ("<", ">") and self.text.startswith("(", self.at + 1):
                    return ""  # a process in place of a file
                self.at += len(operator)
                return _OPERATORS[operator]
        return ""

    def pass_blanks(self) -> None:
        while self.at < len(self.text):
            if self.text.startswith("\\\n", self.at):
                self.at += 2
            elif self.text[self.at] in BLANKS:
                self.at += 1
            else:
                return

    def redirect(self, command: Command, operator: str) -> None:
        self.pass_blanks()
        word = self.read_word()
        text = "".join(part for _, part in word.parts)
        if operator in ("<<", "<<-"):
            is_quoted = any(kind == QUOTED for kind, _ in word.parts)
            self._pending.append((text, operator == "<<-", is_quoted, command))
        elif operator == "<<<":
            command.stdin.append(word)
        elif operator in (">&", "<&") and (text == "-" or text.rstrip("-").isdigit()):
            return
        elif operator == ">&" and all(kind in VARIABLES or not part for kind, part in word.parts):
            return  # `>&$fd`: one that is open
        else:
            command.redirects.append((operator, word))

    def read_documents(self) -> None:
        """The here-documents that begin behind this line break."""
        pending, self._pending = self._pending, []
        for delimiter, strips_tabs, is_quoted, command in pending:
            lines: list[str] = []
            while self.at < len(self.text):
                end = self.line_end()
                line = self.text[self.at : end]
                self.at = end + 1
                line = line.lstrip("\t") if strips_tabs else line
                if line.rstrip("\r") == delimiter:
                    break
                if line.startswith(f"{delimiter})"):  # as bash takes it at the end of `$(…)`
                    self.at -= len(line) - len(delimiter) + 1
                    break
                lines.append(line)
            self.at = min(self.at, len(self.text))
            body = "\n".join(lines)
            document = Word()
            if is_quoted:
                document.add(QUOTED, body)
            else:
                self.run_inner(body, document)
            command.stdin.append(document)
