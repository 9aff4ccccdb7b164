/* The parameters of a statement, in the form in which they are sent. */
#ifndef TALLY_DB_VALUE_H
#define TALLY_DB_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "timestamp.h"
#include "uuid.h"

/* PostgreSQL counts time from 2000-01-01; this in seconds since 1970. */
enum { DB_EPOCH = 946684800 };

/* Starts as {0}, SQL null, and is set by one of the functions below. A value must not be copied
 * once it is set: `bytes` may point into it. */
struct db_value {
    const char *bytes; /* NULL: SQL null */
    int length;
    bool binary;
    char storage[UUID_TEXT_SIZE];
};

/* Borrows a text that ends with a NUL; PostgreSQL's text can hold no other NUL. */
void db_value_text(struct db_value *value, const char *text);

void db_value_i32(struct db_value *value, int32_t number);

void db_value_uuid(struct db_value *value, const struct uuid *uuid);

/* A timestamptz: the first microsecond at or after the instant, against which >= and < give what
 * they give against the instant itself. An instant that PostgreSQL cannot hold becomes one before,
 * or after, all that a report counts. */
void db_value_timestamp(struct db_value *value, const struct timestamp *timestamp);

#endif
