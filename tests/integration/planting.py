"""Canaries: functions and operators that fit a call better than PostgreSQL's own, made from what the SQL files use.

Whatever name a file mentions, PostgreSQL may take another function of that name for it: one whose types are exactly
those of a call that its own takes by a conversion (varchar for text), by being polymorphic (uuid[] for anyarray), or
from a literal without a type (text for regclass). For each signature of PostgreSQL's own and of ours there is one for each of these, a
place at a time. Each returns a type that fits nowhere and tells the server's log when it is run: so a canary that is
only chosen shows in an error, and one that is run in a message.
"""

import re
from itertools import chain
from pathlib import Path
from typing import Any, Iterable, Iterator

import psycopg

Signature = tuple[str, tuple[str, ...]]

POLYMORPHIC = re.compile(r"any(compatible)?(element|nonarray|array|enum)?")

# Beside those of our own tables and functions: what catalogs have.
TYPES = ["name", '"char"', "oid", "regclass", "regprocedure", "tid", "xid", "smallint", "integer", "double precision",
         "boolean", "date", "interval", "character varying", "aclitem", "json", "record"]

SIGNATURES = """
select {name}, array(select coalesce(format_type(nullif(argument, 0), null), '') from unnest({arguments}) with ordinality
                     argument (argument, place) order by place)
from {catalog} where {name} = any (%s) and ({namespace} = 'pg_catalog'::regnamespace
                                            or {namespace} = 'public'::regnamespace and {name} like 'tally%%')
"""
FUNCTIONS = SIGNATURES.format(name="proname", arguments="proargtypes::oid[]", catalog="pg_proc", namespace="pronamespace")
OPERATORS = SIGNATURES.format(name="oprname", arguments="array[oprleft, oprright]", catalog="pg_operator",
                              namespace="oprnamespace")

OWN_TYPES = """
select distinct format_type(type, null) from (
  select atttypid from pg_attribute join pg_class on pg_class.oid = attrelid
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and attnum > 0 and not attisdropped
  union select unnest(proargtypes) from pg_proc where pronamespace = 'public'::regnamespace and proname like 'tally%'
  union select reltype from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'c')
) used (type)
"""


def names_in(files: Iterable[Path]) -> tuple[list[str], list[str]]:
    """What is called and which operators stand in the files, with those that SQL's own words stand for."""
    text = "\n".join(re.sub(r"--.*", "", path.read_text()) for path in files)
    functions = set(re.findall(r"\b([a-z_]\w*)\s*\(", text.lower())) | {"timezone", "date_part", "extract"}
    operators = set(re.findall(r"[-+*/<>=~!@#%^&|?]+", text)) | {"=", "<>", "<", "<=", ">", ">=", "~~", "!~~"}
    return sorted(functions), sorted(operators)


def conversions(connection: "psycopg.Connection[Any]") -> dict[str, set[str]]:
    """Which types PostgreSQL takes for another by itself."""
    taken: dict[str, set[str]] = {}
    for source, target in connection.execute(
            "select format_type(castsource, null), format_type(casttarget, null) from pg_cast where castcontext = 'i'"):
        taken.setdefault(target, set()).add(source)
    return taken


def concrete(arguments: tuple[str, ...], one: str) -> tuple[str, ...]:
    """The signature with a type in place of all polymorphic ones."""
    return tuple((f"{one}[]" if "array" in argument else one) if POLYMORPHIC.fullmatch(argument) else argument
                 for argument in arguments)


def variants(arguments: tuple[str, ...], taken: dict[str, set[str]], types: list[str]) -> Iterator[tuple[str, ...]]:
    if any(POLYMORPHIC.fullmatch(argument) for argument in arguments):
        yield from (concrete(arguments, one) for one in types if not one.endswith("[]"))
        return
    for place, argument in enumerate(arguments):
        for other in taken.get(argument, set()) | {"text"} - {""} if argument else ():
            yield arguments[:place] + (other,) + arguments[place + 1:]
            if len(arguments) == 2 and other in taken.get(arguments[0], set()) and other in taken.get(arguments[1], set()):
                yield (other, other)


def canaries(signatures: Iterable[Signature], taken: dict[str, set[str]], types: list[str]) -> list[Signature]:
    own = {(name, tuple(arguments)) for name, arguments in signatures}
    made = {(name, variant) for name, arguments in own if any(arguments)
            for variant in variants(arguments, taken, types)}
    usable = [(name, arguments) for name, arguments in made - own
              if not any(re.match(r'"?any"?$|any|internal|cstring|record\[|tally_\w+\[\]\[', argument) for argument in arguments)]
    return sorted(usable)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def body(name: str, arguments: tuple[str, ...]) -> str:
    told = f"canary {name}({', '.join(arguments)})".replace("'", "''").replace("%", "%%")
    return (f" returns canary language plpgsql immutable as $body$ begin raise log '{told} was run by %', current_user;"
            " return null; end $body$;")


def plant(connection: "psycopg.Connection[Any]", files: list[Path], types: Iterable[str]) -> int:
    """Make them, as whoever is connected; returns how many there are."""
    functions, operators = names_in(files)
    taken = conversions(connection)
    types = sorted({*TYPES, *types, "text", "numeric", "bigint", "uuid", "jsonb", "timestamp with time zone",
                    "timestamp without time zone"})
    calls = canaries(connection.execute(FUNCTIONS, [functions]).fetchall(), taken, types)
    uses = canaries(connection.execute(OPERATORS, [operators]).fetchall(), taken, types)
    script = chain(
        (f"create function public.{quoted(name)}({', '.join(arguments)})" + body(name, arguments) for name, arguments in calls),
        (f"create function public.operator_{number}({', '.join(filter(None, arguments))})" + body(name, tuple(filter(None, arguments)))
         + f"create operator public.{name} (" + ", ".join(
             f"{side} = {argument}" for side, argument in zip(("leftarg", "rightarg"), arguments) if argument)
         + f", function = public.operator_{number});" for number, (name, arguments) in enumerate(uses)))
    connection.execute("create type public.canary as (planted int); set check_function_bodies = off;" + "\n".join(script))
    return len(calls) + len(uses)
