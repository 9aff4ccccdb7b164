/* The types of PostgreSQL that statements take and give. */
#ifndef TALLY_SQL_TYPE_H
#define TALLY_SQL_TYPE_H

#include <stdint.h>

enum sql_type {
    SQL_NOTHING, /* ends a list */
    SQL_BOOLEAN,
    SQL_INTEGER,
    SQL_BIGINT,
    SQL_NUMERIC,
    SQL_TEXT,
    SQL_TIMESTAMPTZ,
    SQL_UUID,
    SQL_JSONB,
    SQL_TEXT_ARRAY,
    SQL_TIMESTAMPTZ_ARRAY,
    SQL_UUID_ARRAY,
    SQL_JSONB_ARRAY,
    SQL_TYPES
};

/* A type's name, its object identifier, and that of a type that does as well. */
extern const struct sql_type_row {
    const char *name;
    uint32_t oid, alias;
} sql_types[SQL_TYPES];

#endif
