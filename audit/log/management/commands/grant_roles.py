from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.log.roles import RoleError, grant
from audit.log.store import connect


class Command(BaseCommand):
    help = (
        "Gives the roles that run the product what they need in the database and no more: of the audit log's entries,"
        " the web role may only add some. Run it as the tables' owner, after each migrate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--web", default="plumbline_web", help="of every process but the sequencer")
        parser.add_argument("--sequencer", default="plumbline_sequencer", help="of sequence_audit")
        parser.add_argument("--create", action="store_true", help="make roles that are not there, without a password")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        try:
            with connect("plumbline-grants") as connection:
                grant(connection, options["web"], options["sequencer"], create=options["create"])
        except RoleError as error:
            raise CommandError(str(error)) from error
