/* What became of each event of a batch, and the reply that says so. */
#ifndef TALLY_OUTCOME_H
#define TALLY_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "uuid.h"

enum outcome_status { OUTCOME_DUPLICATE, OUTCOME_RECORDED, OUTCOME_REJECTED, OUTCOME_STATUSES };

/* Whether the service found what an AI event without a cost cost. */
enum outcome_price { OUTCOME_NO_PRICE_ASKED, OUTCOME_PRICED, OUTCOME_UNPRICED };

struct outcome {
    enum outcome_status status;
    enum outcome_price price;
    bool differs; /* a duplicate of an event that is not the same */
    bool has_id;
    struct uuid id;
    int64_t place; /* among those that are to be stored, from 1 */
    size_t fault;  /* where its text begins in `faults`; of a rejected one */
};

/* Where the outcome of an id stands in the list. */
struct outcome_place {
    struct uuid id;
    size_t index;
};

/* In the order of the batch. Starts as {0}. */
struct outcomes {
    struct outcome *list;
    size_t count, capacity;
    struct outcome_place *by_id; /* of those that are not rejected, once outcomes_sort was called */
    size_t sorted;
    struct buffer faults; /* each ends with a NUL */
};

/* Adds the outcome of the next event: a duplicate until it is known better. `id` may be NULL. */
struct outcome *outcomes_add(struct outcomes *outcomes, const struct uuid *id);

/* Notes that an event is rejected, and why. */
void outcomes_reject(struct outcomes *outcomes, struct outcome *outcome, const char *fault);

/* Call it when all are added. */
void outcomes_sort(struct outcomes *outcomes);

/* The first of those with this id that are not rejected; NULL: none. */
struct outcome *outcomes_find(const struct outcomes *outcomes, const struct uuid *id);

/* The one that has this place; NULL: none. */
struct outcome *outcomes_at(const struct outcomes *outcomes, int64_t place);

/* Forgets what was said of those that were to be stored: it was undone. */
void outcomes_undo(struct outcomes *outcomes);

size_t outcomes_count(const struct outcomes *outcomes, enum outcome_status status);

/* Appends the reply; `only_errors`: without the results of what was recorded. */
void outcomes_write(const struct outcomes *outcomes, bool only_errors, struct buffer *body);

void outcomes_free(struct outcomes *outcomes);

#endif
