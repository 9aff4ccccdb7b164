/* The workers' part in keeping up the sums that reports are put together from: short steps behind a
 * reply, one at a time across all workers, each a call of tally_upkeep() (sql/upkeep.sql).
 *
 * A reply makes a step due, a second after the last one at the earliest. While there is more to do
 * steps go on, also without requests, with a pause as long as the step before each; then nothing
 * happens until the next reply. */
#ifndef TALLY_UPKEEP_H
#define TALLY_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

struct app;

/* Starts as {0}: nothing is due. Times are clock_now()'s. */
struct upkeep {
    bool wanted;      /* a step is to be taken at `due` */
    int64_t due;      /* not before this, also where none is wanted yet */
    int events;       /* in the next step at the most; 0: none was taken yet */
    bool patient;     /* the next step may last UPKEEP_STEP_OF_ONE */
    const char *said; /* what the last step found that the log was told; NULL: nothing new */
};

/* Notes that a reply was sent. */
void upkeep_reply_sent(struct app *app);

/* Milliseconds until upkeep_tend is due; -1: it is not. */
int upkeep_timeout(const struct app *app);

/* Takes a step where one is due and there is a connection to a server that takes changes. It lasts
 * UPKEEP_STEP at the most, and is given up then. A step of one event that was given up is tried
 * once with UPKEEP_STEP_OF_ONE; a request that comes meanwhile waits for it. A step that fails is
 * logged, and tried again later. */
void upkeep_tend(struct app *app);

enum {
    UPKEEP_STEP = 200,
    UPKEEP_STEP_OF_ONE = 5000
}; /* milliseconds; less than statement_timeout */

#endif
