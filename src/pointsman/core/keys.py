"""Access keys: sessions begin and end, tokens are made and withdrawn."""

from __future__ import annotations

import json

from pointsman.core.answer import answers
from pointsman.core.world import Decision, NewId
from pointsman.model.access import KeyKind
from pointsman.model.command import GrantKey, RevokeKeys
from pointsman.model.edit import DropKeys, SaveKey
from pointsman.model.write import AddAudit

_GRANTED = {KeyKind.SESSION: "session.begin", KeyKind.TOKEN: "token.make"}


def grant(command: GrantKey, at: int, new_id: NewId) -> Decision:
    """The key is valid as soon as it is kept."""
    key = command.key
    said = json.dumps({"id": key.id, "name": key.name, "expires": key.expires})
    audit = AddAudit(id=new_id(at), at=at, actor=command.by, action=_GRANTED[key.kind], subject=f"user {key.user}", after=said)
    return Decision((SaveKey(key), audit), answers(command.reply, {"id": key.id}))


def revoke(command: RevokeKeys, at: int, new_id: NewId) -> Decision:
    """They are void at once."""
    which = json.dumps({"ids": command.ids})
    audit = AddAudit(id=new_id(at), at=at, actor=command.by, action="keys.revoke", subject=f"user {command.user}", before=which)
    return Decision((DropKeys(command.user, command.ids), audit), answers(command.reply, {}))
