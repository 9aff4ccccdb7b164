/* The events of a body, one after the other. */
#ifndef TALLY_BATCH_H
#define TALLY_BATCH_H

#include <stdbool.h>

#include "error.h"
#include "json_text.h"

enum batch_form {
    BATCH_JSON,  /* one object, or an array of objects */
    BATCH_LINES, /* one object a line; empty lines stand for nothing */
};

struct batch {
    struct json_span body;
    enum batch_form form;
    struct json_text json; /* of the body, or of the line at hand */
    const char *next_line; /* NULL: there is none */
    bool is_array, is_over;
};

/* `body` must outlive the batch and have a NUL behind it. */
void batch_start(struct batch *batch, const struct json_span *body, enum batch_form form);

/* Takes the next value, whatever it is. Returns false at the end, and where the JSON is broken:
 * then the error is ERROR_BAD_REQUEST and names line and column. */
bool batch_next(struct batch *batch, struct json_span *event, struct error *error);

#endif
