"""Completion in PowerShell, which click does not know: importing this makes it known."""

from __future__ import annotations

import json
import os

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from coord.client.suggestions import SINGLE_QUOTES, powershell_word

# Windows PowerShell 5.1 decodes what a program prints by the console's code page: what coord prints
# here is ASCII. Words go there by the environment, so that no rule of quoting is between. To set a
# variable to nothing removes it, hence `Ignore`. Not every element has a `Value`, and under
# `Set-StrictMode` it is an error to ask for one that is not there.
_SOURCE = """Register-ArgumentCompleter -Native -CommandName 'coord', 'coord.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Where-Object {
        $_.Extent.EndOffset -lt $cursorPosition
    } | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst] -or
            $_ -is [System.Management.Automation.Language.ExpandableStringExpressionAst]) {
            $_.Value
        } else {
            $_.Extent.Text
        }
    })
    $env:COMP_WORDS = $words -join "`n"
    $env:COMP_INCOMPLETE = [string]$wordToComplete
    $env:%(complete_var)s = 'powershell_complete'
    try {
        & %(prog_name)s | ForEach-Object {
            $item = ConvertFrom-Json -InputObject $_
            [System.Management.Automation.CompletionResult]::new(
                $item.text, $item.shown, 'ParameterValue', $item.help)
        }
    } finally {
        Remove-Item -ErrorAction Ignore -Path @(
            'Env:COMP_WORDS', 'Env:COMP_INCOMPLETE', 'Env:%(complete_var)s')
    }
}
"""


class PowerShellComplete(ShellComplete):
    name = "powershell"
    source_template = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        words = os.environ.get("COMP_WORDS", "").split("\n")
        incomplete = os.environ.get("COMP_INCOMPLETE", "")
        return words[1:], incomplete.lstrip(SINGLE_QUOTES + '"')

    def format_completion(self, item: CompletionItem) -> str:
        """One line of JSON. Of files nothing: then PowerShell offers them itself."""
        if item.type != "plain":
            return ""
        text = str(item.value)
        return json.dumps({"text": powershell_word(text), "shown": text, "help": item.help or text})

    def complete(self) -> str:
        return "\n".join(line for line in super().complete().split("\n") if line)


add_completion_class(PowerShellComplete)
