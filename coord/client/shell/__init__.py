"""What a line of shell would do to others, found out without running it.

`posix` and `windows` read a line into commands, `walk` follows them: `simple_command` tells
what each runs, by the tables of programs (`programs`, `packages`), of what runs others (`runners`)
and of what changes files (`writers`). `rules` adds what a project names.
"""
