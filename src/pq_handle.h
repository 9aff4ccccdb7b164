/* What pq.c and pq_connect.c share. */
#ifndef TALLY_PQ_HANDLE_H
#define TALLY_PQ_HANDLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

struct pq {
    struct pg_conn *connection;
    struct buffer said; /* warnings while connecting, one behind the other */
    bool in_batch;
    size_t longest;  /* piece of an answer, in bytes */
    bool cancelling; /* `canceller` has not been waited for */
    pthread_t canceller;
};

/* Appends a message with its lines put one behind the other. */
void pq_add_one_line(struct buffer *text, const char *message);

#endif
