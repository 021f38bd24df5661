"""`coig-writer studio`: the place where people write, review and compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coig_writer.cli.example import example
from coig_writer.errors import InputError, SettingError

if TYPE_CHECKING:
    from coig_writer.studio.models import Project

app = typer.Typer(help="Serve the studio, where people write, review and compare.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--folder", "-f", help="Where the studio keeps its database and releases.")]
DEFAULT_FOLDER = Path("studio")


@app.command("serve", epilog=example("coig-writer studio serve --folder studio --model embedded"))
def serve(
    folder: Folder = DEFAULT_FOLDER,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all of this machine's.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8700,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="Host name under which browsers come; give each.")
    ] = None,
    https: Annotated[bool, typer.Option("--https", help="Browsers come by https, through a proxy.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Model that drafts: a registry name, URL#model-id or embedded.")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Let people propose texts by their web address.")] = False,
) -> None:
    """Start the studio. The first start makes its folder and database.

    DATABASE_URL names a PostgreSQL database; without it everything lies in the folder, in SQLite.
    """
    from coig_writer.studio.configure import configure, upgrade_database

    names = list(name or [])
    if host not in ("127.0.0.1", "localhost", "0.0.0.0", "::1", "::"):
        names.append(host)
    configure(folder, hosts=[*names, "localhost", "127.0.0.1", "[::1]"] if names else None, https=https, fetch=fetch)
    upgrade_database()
    from contextlib import nullcontext

    from coig_writer.cli.console import err
    from coig_writer.studio.serve import drafting_with
    from coig_writer.studio.serve import serve as run

    with drafting_with(model) if model else nullcontext():
        run(
            host,
            port,
            workers=workers,
            ready=lambda address: err.print(f"Studio: {address}  (stop with Ctrl+C)", highlight=False, soft_wrap=True),
        )


@app.command("create-user", epilog=example("coig-writer studio create-user lin --project 示例 --role annotator"))
def create_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name to sign in with.")],
    *,
    folder: Folder = DEFAULT_FOLDER,
    project: Annotated[str | None, typer.Option(help="Project to take part in; made if it is not there.")] = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="Role in it; give several times for several.")
    ] = None,
    operator: Annotated[bool, typer.Option("--operator", help="May do everything in every project.")] = False,
) -> None:
    """Make an account. Its password is generated and printed once."""
    from coig_writer.cli.console import out
    from coig_writer.studio.workflow import Role

    _open(folder)
    from coig_writer.studio import people
    from coig_writer.studio.models import Project
    from coig_writer.studio.refusal import Refusal

    roles = [_role(each, list(Role)) for each in role or []]
    if bool(project) != bool(roles):
        raise SettingError("a role needs its project", remedy="Give --project and --role together.")
    password = people.generated_password()
    try:
        user = people.create_user(name, password, operator=operator)
    except Refusal as refusal:
        raise SettingError(refusal.en.rstrip("."), where=name, remedy="Choose another name.") from refusal
    if project:
        found, _ = Project.objects.get_or_create(name=project)
        for each in roles:
            people.add_role(found, user, each)
    out.print(f"{name}  {password}", highlight=False, markup=False)


@app.command("new-password", epilog=example("coig-writer studio new-password lin --folder studio"))
def new_password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name that the account signs in with.")],
    *,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Give an account a new password, and print it once. Whoever is signed in with the old one is out."""
    from coig_writer.cli.console import out

    _must_exist(folder)
    _open(folder)
    from django.contrib.auth import get_user_model

    from coig_writer.studio import people

    user = get_user_model().objects.filter(username=name).first()
    if user is None:
        raise InputError(f"no account {name!r}", where=str(folder), remedy="Names are as they were given, with case.")
    out.print(f"{name}  {people.new_password(user)}", highlight=False, markup=False)


@app.command("import", epilog=example("coig-writer studio import drafts.jsonl --project 示例"))
def import_(
    data: Annotated[list[Path], typer.Argument(metavar="DATA", help="Candidates, drafts or triplets.")],
    *,
    folder: Folder = DEFAULT_FOLDER,
    project: Annotated[str, typer.Option(help="Project that gets them; made if it is not there.")],
) -> None:
    """Bring texts into a project. What it has already is left alone."""
    from coig_writer.cli.console import err, out

    _open(folder)
    from coig_writer.studio.intake import SHOWN_REJECTS, import_file
    from coig_writer.studio.models import Project

    found, _ = Project.objects.get_or_create(name=project)
    for path in data:
        done = import_file(found, path, seconds=None)
        out.print(
            f"{path}: {done.added:,} added, {done.known:,} known, {len(done.rejects):,} unreadable, "
            f"{len(done.lost):,} fields not kept",
            soft_wrap=True,
        )
        for reason, count in done.doubted:
            err.print(f"  hardly worth the work: {count:,} {reason}", soft_wrap=True, highlight=False, markup=False)
        if done.near is None:
            err.print("  near copies were not looked for: the project is too large", soft_wrap=True)
        for copy in (done.near or [])[:SHOWN_REJECTS]:
            about = f"  nearly the same ({copy.similarity:.0%}): {copy.item.title} and {copy.older.title}"
            err.print(about, soft_wrap=True, highlight=False, markup=False)
        for reject in [*done.rejects[:SHOWN_REJECTS], *done.lost[:SHOWN_REJECTS]]:
            err.print(f"  {'not read' if reject.whole else 'not kept'}: {reject}", soft_wrap=True)


@app.command("check", epilog=example("coig-writer studio check --folder studio --https"))
def check(
    folder: Folder = DEFAULT_FOLDER,
    *,
    https: Annotated[bool, typer.Option("--https", help="Browsers come by https, through a proxy.")] = False,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Model that drafts; it is asked too.")] = None,
) -> None:
    """Look at settings, database, folder and model. Leaves with 1 when something is wrong."""
    from coig_writer.cli.console import out
    from coig_writer.studio.configure import configure

    _must_exist(folder)
    configure(folder, https=https)
    from coig_writer.studio import keeping

    found = list(keeping.check(model))
    for each in found:
        out.print(f"{'ok ' if each.fine else 'BAD'}  {each.what:<10}  {each.detail}", highlight=False, soft_wrap=True)
    if not all(each.fine for each in found):
        raise typer.Exit(1)


@app.command("backup", epilog=example("coig-writer studio backup studio-monday.tar.gz --folder studio"))
def backup(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="Archive to write, such as monday.tar.gz.")],
    *,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Write database, key and releases into one archive. People may go on working meanwhile."""
    from coig_writer.cli.console import out
    from coig_writer.studio.configure import configure

    _must_exist(folder)
    configure(folder)  # the tables stay as they are: a backup is made before a new version changes them
    from coig_writer.studio import keeping

    keeping.backup(archive)
    out.print(f"Written: {archive} ({archive.stat().st_size / 2**20:.1f} MB). It holds the secret key: keep it safe.")


@app.command("restore", epilog=example("coig-writer studio restore studio-monday.tar.gz --folder restored"))
def restore(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="Archive that `studio backup` wrote.")],
    *,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Make a studio from a backup, in a new folder. Nothing is written over."""
    import tempfile

    from coig_writer.cli.console import out
    from coig_writer.studio.configure import configure

    with tempfile.TemporaryDirectory() as elsewhere:
        configure(Path(elsewhere))
        from coig_writer.studio import keeping

        keeping.restore(archive, folder)
    out.print(f"Restored. Next: coig-writer studio serve --folder {folder}", soft_wrap=True)


@app.command("demo", epilog=example("coig-writer studio demo --folder studio-demo"))
def demo(
    folder: Folder = Path("studio-demo"),
    *,
    drafts: Annotated[Path | None, typer.Option(help="Drafts of `coig-writer demo`; packaged triplets too.")] = None,
    project: Annotated[str, typer.Option(help="Name of the demo's project.")] = "示例",
) -> None:
    """Make a project to look around in. One account for each role; passwords are generated and printed."""
    from importlib.resources import as_file, files

    from coig_writer.cli.console import out

    _open(folder)
    from coig_writer.studio.intake import import_file
    from coig_writer.studio.models import Project
    from coig_writer.studio.people import demo_accounts

    found, _ = Project.objects.get_or_create(name=project)
    with as_file(files("coig_writer") / "data" / "starter" / "triplets.jsonl") as packaged:
        for path in [packaged, *([drafts] if drafts else [])]:
            import_file(found, path)
    for name, role, password in demo_accounts(found):
        out.print(f"{role:<10}  {name:<14}  {password}", highlight=False, markup=False)
    out.print(f"Next: coig-writer studio serve --folder {folder}", soft_wrap=True)


def _must_exist(folder: Path) -> None:
    """For commands about a studio that is there: a wrong name must not make an empty one and back that up."""
    if not (folder / "secret.key").is_file():
        raise InputError(
            "there is no studio", where=str(folder), remedy="Name its folder with --folder; `studio serve` makes one."
        )


def _open(folder: Path) -> None:
    from coig_writer.studio.configure import configure, upgrade_database

    configure(folder)
    upgrade_database()


def _role(name: str, roles: list[Any]) -> Any:
    for role in roles:
        if role.value == name:
            return role
    raise SettingError(f"unknown role {name!r}", where="--role", remedy=f"One of {', '.join(roles)}.")


def project_named(name: str) -> Project:
    """The project of that name; an `InputError` names those that there are."""
    from coig_writer.studio.models import Project

    found = Project.objects.filter(name=name).first()
    if found is None:
        names = ", ".join(Project.objects.values_list("name", flat=True)) or "none yet"
        raise InputError(f"no project {name!r}", where="--project", remedy=f"There are: {names}.")
    return found
