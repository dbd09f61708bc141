"""Why an observation of a component does not become current."""

from coord import errors
from coord.areas.components.rows import ComponentRow
from coord.areas.components.schemas import ComponentSchema
from coord.web import iso

_component = ComponentSchema()


class Superseded(errors.Superseded):
    """Something newer is known of this component, so the observation changes nothing; `component`
    is what is known.
    """

    def __init__(self, component: ComponentRow) -> None:
        name = f"'{component['component']}' of '{component['project_key']}'"
        if component["retired_at"] is None:
            newer = (
                f"was seen '{component['state']}' by '{component['updated_by']}' at"
                f" {iso(component['observed_at'])}"
            )
            advice = "If yours holds even now, send it again without observed_at."
        else:
            newer = f"was retired at {iso(component['retired_at'])}"
            advice = "If it is there again, send it without observed_at."
        super().__init__(
            f"{name} {newer}, after your observation, which therefore changes nothing. {advice}",
            component=_component.dump(component),
        )
