"""Why a recipe cannot be written."""

from typing import Any

from coord.errors import CoordError


class TitleTaken(CoordError):
    """The project has a recipe of this title: read it, and choose another title if yours says
    something else.
    """

    status, code = 409, "title_taken"

    def __init__(self, recipe: dict[str, Any]) -> None:
        super().__init__(
            f"{recipe['created_by']!r} has written {recipe['title']!r} already. Read it at"
            f" /api/coord/recipes/{recipe['id']}, and choose another title if yours says something"
            " else.",
            existing=recipe["id"],
        )
