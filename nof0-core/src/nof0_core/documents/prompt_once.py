"""Conversations with each prompt in them once.

In the answers of the API a prompt stands twice: among the `messages` and as `user_prompt`. In a
piece the second is null, which it never is in an answer, and means: what the user said, joined.
"""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode


class _Message(msgspec.Struct):
    role: str
    content: str


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_messages = msgspec.json.Decoder(list[_Message])


def with_prompt(row: bytes | msgspec.Raw) -> bytes:
    """Return the text of a row with its `user_prompt`; one that has it is left as it is.

    Raises:
        ValueError: it is no row of a conversation.
    """
    members = _members.decode(row)
    if bytes(members.get("user_prompt", b"")) != b"null":
        return bytes(row)
    said = _messages.decode(members.get("messages", b""))
    prompts = [message.content for message in said if message.role == "user"]
    members["user_prompt"] = msgspec.Raw(_encode("\n\n".join(prompts)))
    return b"{%b}" % b",".join(b"%b:%b" % (_encode(key), text) for key, text in members.items())
