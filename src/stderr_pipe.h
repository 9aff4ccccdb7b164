/* Standard error led into a pipe for a moment, so that what a library writes there by itself goes
 * where the caller wants it, and holds nobody up where nobody reads standard error. */
#ifndef TALLY_STDERR_PIPE_H
#define TALLY_STDERR_PIPE_H

#include "buffer.h"

struct stderr_pipe {
    int saved_fd; /* where standard error led before; -1: it still does */
    int read_fd;
};

/* Where the system has no descriptor left, standard error stays as it is. */
void stderr_pipe_begin(struct stderr_pipe *pipe);

/* Leads standard error back and appends what was written since, up to the size of a pipe. */
void stderr_pipe_end(struct stderr_pipe *pipe, struct buffer *text);

#endif
