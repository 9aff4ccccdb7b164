/* The query string of a URL (wire format 1.1 to 1.3). */
#ifndef TALLY_QUERY_STRING_H
#define TALLY_QUERY_STRING_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

struct query_string {
    const char *next; /* what has not been read yet */
    struct buffer key;
    struct buffer value;
};

/* Starts to read `text`, which must outlive the reading. */
void query_string_start(struct query_string *query, const char *text);

/* Reads the next pair into query->key and query->value, decoded, valid UTF-8, perhaps with NULs.
 * Returns false at the end. */
bool query_string_next(struct query_string *query);

/* Frees key and value. */
void query_string_free(struct query_string *query);

#endif
