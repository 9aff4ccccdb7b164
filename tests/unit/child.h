/* Runs what must end the process in a process of its own. */
#ifndef TALLY_TESTS_CHILD_H
#define TALLY_TESTS_CHILD_H

/* The wait status of a child that calls `run` and, where that returns, exits with 0. What the
 * child writes to standard error is thrown away. */
int child_status(void (*run)(void));

#endif
