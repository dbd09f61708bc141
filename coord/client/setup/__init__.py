"""How coord comes into a repository and how one sees that it works: `coord init`, `coord guard` and
`coord doctor`.

Run by people, not by hooks, so what it imports is not counted; it needs nothing but the standard
library and click.
"""
