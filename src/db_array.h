/* An array as one parameter of a statement, in PostgreSQL's binary form, which needs no escapes
 * and holds any JSON as it was sent. It starts as {0}. */
#ifndef TALLY_DB_ARRAY_H
#define TALLY_DB_ARRAY_H

#include "buffer.h"
#include "db_value.h"
#include "sql_type.h"
#include "timestamp.h"
#include "uuid.h"

struct db_array {
    struct buffer bytes;
    uint32_t count;
};

/* Empties the array, whose elements are to be of this type. */
void db_array_start(struct db_array *array, enum sql_type element);

/* Each appends an element; NULL is SQL null. A timestamp is cut to microseconds, and must be one
 * that PostgreSQL holds. */
void db_array_add_text(struct db_array *array, const struct buffer *text);
void db_array_add_uuid(struct db_array *array, const struct uuid *uuid);
void db_array_add_timestamp(struct db_array *array, const struct timestamp *timestamp);
/* A whole JSON text. */
void db_array_add_jsonb(struct db_array *array, const char *text, size_t length);

/* Appends the elements of another array of the same type, which was started too. */
void db_array_add_all(struct db_array *array, const struct db_array *other);

/* Hands the array, which has an element at least, on as a parameter; it must outlive the value. */
void db_array_give(struct db_array *array, struct db_value *value);

void db_array_free(struct db_array *array);

#endif
