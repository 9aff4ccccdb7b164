/* Members of a JSON object from the columns of a row, as a table: the order of the table is the
 * order of the columns and of the members. */
#ifndef TALLY_FIELDS_H
#define TALLY_FIELDS_H

#include <stdbool.h>

#include "db.h"
#include "error.h"
#include "json_write.h"

enum field_type {
    FIELD_END,         /* ends a table */
    FIELD_TEXT,        /* text, uuid */
    FIELD_I64,         /* bigint or numeric: nearest integer */
    FIELD_F64,         /* numeric: nearest double */
    FIELD_TIME_Z,      /* bigint, seconds since 1970: 2026-03-01T00:00:00Z */
    FIELD_TIME_OFFSET, /* the same: 2026-03-01T00:00:00+00:00 */
    FIELD_TOO_LONG, /* no member: not null where the texts of the row were left out as too long */
};

struct field {
    const char *key;
    enum field_type type;
};

/* Writes an object of all the fields, which stand in the columns from `column` on. SQL null is
 * written as null. Fails with ERROR_INTERNAL where a column does not hold what its type needs, and
 * with ERROR_REPLY_TOO_LARGE where what is written is cut or beyond the limit of its buffer. */
bool fields_write(struct json_writer *json, const struct field *fields, const struct db_row *row,
                  int column, struct error *error);

/* Whether all of a reply is in its buffer and within its limit; fails with ERROR_REPLY_TOO_LARGE.
 */
bool fields_fit(struct buffer *out, struct error *error);

#endif
