/* Events as arrays, one for each column of the log: what the statements that record them take. */
#ifndef TALLY_EVENT_ARRAYS_H
#define TALLY_EVENT_ARRAYS_H

#include <stddef.h>

#include "db_array.h"
#include "event.h"

enum { EVENT_COLUMNS = 11 };

/* Starts as {0}. */
struct event_arrays {
    struct db_array columns[EVENT_COLUMNS];
};

/* Empties the arrays; call it before the first event. */
void event_arrays_start(struct event_arrays *arrays);

void event_arrays_add(struct event_arrays *arrays, const struct event *event);

/* Appends all that is in other arrays. */
void event_arrays_add_all(struct event_arrays *arrays, const struct event_arrays *others);

size_t event_arrays_count(const struct event_arrays *arrays);

/* Hands them on as the parameters of a statement, EVENT_COLUMNS of them; the arrays, which have an
 * event at least, must outlive the values. */
void event_arrays_give(struct event_arrays *arrays, struct db_value *values);

void event_arrays_free(struct event_arrays *arrays);

#endif
