"""`flask coord sql NAME`: what a write of an area becomes on each database."""

import click
from flask.cli import AppGroup

from coord.area import areas, call_hook
from coord.store import DATABASES, as_sql

commands = AppGroup("coord", help="Look into how coord works.")


@commands.command()
@click.argument("name", required=False)
@click.option("--database", type=click.Choice(DATABASES), help="Only this one; both by default.")
def sql(name: str | None, database: str | None) -> None:
    """Print the SQL of a common write, with example values; without NAME the names there are.

    Opens no connection.
    """
    samples = {sample: area for area in areas() for sample in area.samples}
    if name is None:
        click.echo("\n".join(samples))
        return
    if name not in samples:
        raise click.BadParameter(
            f"{name!r} is none of them: {', '.join(samples)}.", param_hint="NAME"
        )
    area = samples[name]
    for kind in (database,) if database else DATABASES:
        change = call_hook(area.name, f"samples[{name}]", area.samples[name])
        click.echo(f"-- {name} on {kind}\n{as_sql(change, kind)}")
