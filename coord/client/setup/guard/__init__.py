"""The git hooks that ask coord before a commit and a push: for people, and for tools that have no
hooks of their own.

`git_hooks` puts them into a repository, `check` is what they run, `commands` has both for people.
"""
