"""The commonest write of the messages area, made of example values: for `flask coord sql`."""

from coord.areas.messages import repository
from coord.areas.messages.rows import Content, MessageAnswer
from coord.store import Change


def send_message() -> Change[tuple[MessageAnswer, bool]]:
    """A direct message that begins a thread."""
    content: Content = {
        "project_key": "shop",
        "from_session": "web-1/agent",
        "to_session": "web-2/agent",
        "subject": "src/app.py",
        "body": "When are you done with it?",
        "reply_to": None,
        "importance": "normal",
        "requires_ack": False,
    }
    return repository.send_new(content, "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c12")
