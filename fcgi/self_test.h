/* tally.fcgi -t and -T: what is right and wrong with a configuration that could be read. */
#ifndef TALLY_SELF_TEST_H
#define TALLY_SELF_TEST_H

#include "config.h"

/* -t: prints that the configuration is fine or, to standard error, what is wrong with the files
 * that it names. Returns the exit status. */
int self_test_files(const char *path, const struct config *config);

/* -T: tries all that a worker needs and prints a line for each check. Returns the exit status:
 * EX_CONFIG at a fault, EX_UNAVAILABLE where the database is away and nothing else is wrong. */
int self_test_all(const char *path, const struct config *config);

#endif
