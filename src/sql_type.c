#include "sql_type.h"

/* The object identifiers of built-in types never change (PostgreSQL's catalog/pg_type.dat). */
const struct sql_type_row sql_types[SQL_TYPES] = {
    [SQL_BOOLEAN] = {"boolean", 16, 16},
    [SQL_INTEGER] = {"integer", 23, 23},
    [SQL_BIGINT] = {"bigint", 20, 20},
    [SQL_NUMERIC] = {"numeric", 1700, 1700},
    [SQL_TEXT] = {"text", 25, 1043 /* varchar */},
    [SQL_TIMESTAMPTZ] = {"timestamptz", 1184, 1184},
    [SQL_UUID] = {"uuid", 2950, 2950},
    [SQL_JSONB] = {"jsonb", 3802, 3802},
    [SQL_TEXT_ARRAY] = {"text[]", 1009, 1009},
    [SQL_TIMESTAMPTZ_ARRAY] = {"timestamptz[]", 1185, 1185},
    [SQL_UUID_ARRAY] = {"uuid[]", 2951, 2951},
    [SQL_JSONB_ARRAY] = {"jsonb[]", 3807, 3807},
};
