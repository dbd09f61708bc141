"""The commonest write of the messages area, made of example values: for `flask coord sql`."""

from coord.areas.messages import repository
from coord.store import Change, Row


def send_message() -> Change[tuple[Row, bool]]:
    """A direct message that begins a thread."""
    content = {
        "project_key": "shop",
        "from_session": "web-1/agent",
        "to_session": "web-2/agent",
        "subject": "src/app.py",
        "body": "When are you done with it?",
        "reply_to": None,
        "importance": "normal",
        "requires_ack": False,
    }
    return repository.sending(content, "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c12")
