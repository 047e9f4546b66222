"""`pointsman user add`."""

from __future__ import annotations

import click

from pointsman.cli.output import print_json, visible, wants_json
from pointsman.cli.people import password_file, people, read_password
from pointsman.cli.verb import verb
from pointsman.errors import PointsmanError, UsageError


@verb("add")
@click.argument("login")
@click.option("--permission", "permissions", metavar="NAME", multiple=True, help="What is allowed. May be given several times.")
@click.option("--admin", is_flag=True, help="All permissions.")
@password_file
def command(login: str, permissions: tuple[str, ...], admin: bool, password_file: str | None) -> None:
    """Make a user, who logs in to the HTTP API as LOGIN.

    The password is asked for, or read from standard input or from --password-file. Refused while a worker has the store.
    """
    from pointsman.http.access.passwords import digest_of
    from pointsman.model.access import EVERYTHING, login_fault, user_id_fault
    from pointsman.model.definition import Definition, Kind, Origin
    from pointsman.model.edit import SaveCredential, SaveDefinition
    from pointsman.model.ids import UserId
    from pointsman.store.text import json_text

    allowed = sorted(EVERYTHING if admin else _permissions(permissions))
    if fault := login_fault(login):
        raise UsageError(fault)
    with people() as opened:
        if opened.find(login) is not None or opened.defined(login) is not None:
            raise PointsmanError(f"expected a login that nobody has, found {login!r}, which is a user's already")
        id_ = opened.new_id(opened.now) if user_id_fault(login) else login
        digest = digest_of(read_password(password_file))
        document = {"id": id_, "login": login, "permissions": allowed}
        user = Definition(kind=Kind.USER, id=id_, origin=Origin.STORE, document=document, created=opened.now, updated=opened.now)
        credential = SaveCredential(UserId(id_), digest, opened.now)
        opened.write(f"user {id_}", "catalog.set", SaveDefinition(user), credential, after=json_text(document))
    if wants_json():
        print_json(document)
    else:
        click.echo(f"made the user {visible(login)}; allowed: {', '.join(allowed) or 'nothing but to read'}")


def _permissions(names: tuple[str, ...]) -> set[str]:
    from difflib import get_close_matches

    from pointsman.model.access import Permission

    known = [str(each) for each in Permission]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"expected one of {', '.join(known)}, found {name!r}{hint}")
    return set(names)
