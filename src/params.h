/* Query parameters as a table: name, type, place. The rules and fault texts are wire-format.md
 * 1.4 to 1.6 and 2; the first fault from left to right wins. */
#ifndef TALLY_PARAMS_H
#define TALLY_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bucket.h"
#include "buffer.h"
#include "error.h"
#include "timestamp.h"
#include "uuid.h"

/* Each value starts as {0}, that is absent. */
struct param_text {
    bool given;
    struct buffer value; /* valid UTF-8, perhaps with NULs */
};
struct param_uuid {
    bool given;
    struct uuid value;
};
struct param_i32 {
    bool given;
    int32_t value;
};
struct param_timestamp {
    bool given;
    struct timestamp value;
};
struct param_bucket {
    bool given;
    enum bucket value;
};

enum param_type { PARAM_TEXT, PARAM_UUID, PARAM_I32, PARAM_TIMESTAMP, PARAM_BUCKET };

struct param {
    const char *name;
    enum param_type type;
    size_t offset; /* of the struct param_TYPE in the caller's struct */
};

/* Reads `query` into the caller's struct `values` as the table of `count` rows says. At a fault
 * returns false with ERROR_BAD_REQUEST and "NAME: FAULT" (or "duplicate field `NAME`"). Either
 * way params_free frees what was read. */
bool params_parse(const char *query, const struct param *table, size_t count, void *values,
                  struct error *error);

/* Frees the texts in `values` and makes them absent. */
void params_free(const struct param *table, size_t count, void *values);

#endif
