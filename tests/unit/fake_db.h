/* Stands for db.c in tests of endpoints: it answers with rows that the test gives. */
#ifndef TALLY_FAKE_DB_H
#define TALLY_FAKE_DB_H

#include "db.h"

enum { FAKE_COLUMNS = 8, FAKE_ROWS = 4, FAKE_CALLS = 3 };

struct fake_answer {
    enum error_code fails_with; /* ERROR_NONE: the rows are the answer */
    /* Of each call; a row without columns ends them. "" stands for SQL null, and so
     * does a column that is not given. */
    const char *rows[FAKE_CALLS][FAKE_ROWS][FAKE_COLUMNS + 1];
};

/* What the next db_run answers; borrowed. */
extern const struct fake_answer *fake_answer;

/* What the last db_run was asked: the first call's statement, those of all, and the first's values
 * as text, "" for null; a time is its microseconds since 2000. */
extern const char *fake_statement, *fake_statements[FAKE_CALLS];
extern char fake_values[STATEMENT_PARAMETERS_MOST][64];
extern size_t fake_calls;

/* The time that the last db_run_within or db_change had. */
extern int fake_timeout;

/* What db_can_change says. */
extern bool fake_can_change;

#endif
