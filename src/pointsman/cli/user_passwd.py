"""`pointsman user passwd`."""

from __future__ import annotations

import click

from pointsman.cli.output import print_json, visible, wants_json
from pointsman.cli.people import password_file, people, read_password
from pointsman.cli.verb import verb


@verb("passwd")
@click.argument("login")
@password_file
def command(login: str, password_file: str | None) -> None:
    """Set the password of the user LOGIN, which ends all their sessions and voids all their tokens.

    It is asked for, or read from standard input or from --password-file. Refused while a worker has the store.
    """
    from pointsman.http.access.passwords import digest_of
    from pointsman.model.edit import DropKeys, SaveCredential

    with people() as opened:
        user = opened.get(login).user
        digest = digest_of(read_password(password_file))
        opened.write(f"user {user.id}", "password.set", SaveCredential(user.id, digest, opened.now), DropKeys(user.id))
    if wants_json():
        print_json({"id": user.id, "login": user.login})
    else:
        click.echo(f"the user {visible(login)} has a new password; sessions and tokens from before are void")
