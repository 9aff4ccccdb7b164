/* A log file for tests of what is logged. */
#ifndef TALLY_TESTS_LOG_FILE_H
#define TALLY_TESTS_LOG_FILE_H

/* Set-up and tear-down of a group of tests, during which messages up to info go to the file. */
int log_file_open(void **state);
int log_file_remove(void **state);

/* What has been logged since the last call; valid until the next one. */
char *log_file_read(void);

#endif
