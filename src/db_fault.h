/* What a fault that PostgreSQL reports means for the request and for the connection. */
#ifndef TALLY_DB_FAULT_H
#define TALLY_DB_FAULT_H

#include <stdbool.h>

#include "error.h"

struct db_fault {
    const char *sqlstate; /* the code, or its first characters (PostgreSQL's manual, appendix A) */
    enum error_code code;
    bool renew;          /* the connection is of no more use */
    bool again;          /* the same query may succeed now: nothing was changed, so try once more */
    const char *message; /* for the client */
    const char *advice;  /* for the log: what the operator can do; "" where nothing helps */
};

/* The row for a SQLSTATE; "" is a connection that broke. Never NULL. */
const struct db_fault *db_fault_find(const char *sqlstate);

/* What it means that a connection could not be made: ERROR_LOGIN_REFUSED where the server said that
 * this role or this database is not let in, so that no try will be until the operator acts; else
 * ERROR_UNAVAILABLE. */
const struct db_fault *db_fault_of_login(const char *sqlstate);

#endif
