"""`pointsman user token`."""

from __future__ import annotations

import click

from pointsman.cli.output import moment, print_json, wants_json
from pointsman.cli.parameters import duration
from pointsman.cli.people import people
from pointsman.cli.verb import verb


@verb("token")
@click.argument("login")
@click.option("--name", default="command line", help="What it is for.")
@click.option("--expires", type=duration, help="In which time it becomes void: 90d. Else it never does.")
def command(login: str, name: str, expires: int | None) -> None:
    """Make a token for the user LOGIN: a program that has it may do what they may.

    It is printed this once. Refused while a worker has the store.
    """
    from pointsman.http.access.keys import digest_of, new_key
    from pointsman.model.access import AccessKey, KeyKind
    from pointsman.model.edit import SaveKey

    with people() as opened:
        user = opened.get(login).user
        token = new_key(KeyKind.TOKEN)
        until = None if expires is None else opened.now + expires
        key = AccessKey(
            id=opened.new_id(opened.now),
            digest=digest_of(token),
            user=user.id,
            kind=KeyKind.TOKEN,
            name=name,
            created=opened.now,
            expires=until,
        )
        opened.write(f"user {user.id}", "token.make", SaveKey(key), after=f'{{"id":"{key.id}"}}')
    if wants_json():
        print_json({"id": key.id, "name": name, "created": key.created, "expires": until, "token": token})
    else:
        click.echo(f"valid until {moment(until)}:" if until is not None else "valid until it is withdrawn:", err=True)
        click.echo(token)
