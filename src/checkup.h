/* Whether all is there that a worker needs: what an operator asks before the first request does.
 *
 * Each check says in words what it found and, where that is not right, what to do. What PostgreSQL
 * says may be in it, a password never. The checks look and change nothing. */
#ifndef TALLY_CHECKUP_H
#define TALLY_CHECKUP_H

#include "config.h"

/* The worse, the greater. */
enum checkup_outcome {
    CHECKUP_OK,
    CHECKUP_WARNING, /* a worker runs with it, and the operator should know */
    CHECKUP_AWAY,    /* the database does not answer now; it may do so by itself later */
    CHECKUP_FAULT,   /* it stays like this until the operator acts */
};

/* Told of each check, in order. The texts live until it returns. */
typedef void checkup_teller(enum checkup_outcome outcome, const char *check, const char *found,
                            void *context);

/* The checks that ask no database: the files that the configuration names. Returns the worst
 * outcome. */
enum checkup_outcome checkup_files(const struct config *config, checkup_teller *tell,
                                   void *context);

/* Those and the rest, as the account that calls: connects as a worker does, and takes as long as
 * its timeouts say. What a worker would log goes to the log's sink. Returns the worst outcome. */
enum checkup_outcome checkup_all(const struct config *config, checkup_teller *tell, void *context);

/* The outcome in a word. */
const char *checkup_outcome_name(enum checkup_outcome outcome);

#endif
