/* Faults of requests in the log: each at once when it is new, and summed up while it goes on.
 *
 * During an outage every request meets the same fault. It is told in full for the first of them;
 * the next ones are counted, and told as a number once in FAULT_LOG_PERIOD. */
#ifndef TALLY_FAULT_LOG_H
#define TALLY_FAULT_LOG_H

#include <stdint.h>

#include "buffer.h"
#include "log.h"

enum { FAULT_LOG_PERIOD = 60000 /* milliseconds */, FAULT_LOG_KINDS = 8 };

/* Starts as {0}. */
struct fault_log {
    struct fault_kind {
        struct buffer text; /* empty: no fault */
        enum log_level level;
        int64_t since; /* clock_now() when it was last told */
        long more;     /* times since then */
    } kinds[FAULT_LOG_KINDS];
};

/* Notes a fault that a request met; `subject` says which request, and does not tell faults apart;
 * nor does what `text` has beyond LOG_LINE_MOST bytes. */
void fault_log_add(struct fault_log *faults, enum log_level level, const char *subject,
                   const char *text);

/* Milliseconds until fault_log_tend is due; -1: it is not. */
int fault_log_timeout(const struct fault_log *faults);

/* Tells what is due, and forgets what has ended. */
void fault_log_tend(struct fault_log *faults);

/* Tells what is not told yet, and frees all. */
void fault_log_end(struct fault_log *faults);

#endif
