/* What an operator can do about a connection to PostgreSQL that cannot be made. */
#ifndef TALLY_LOGIN_ADVICE_H
#define TALLY_LOGIN_ADVICE_H

/* `sqlstate` is that of the refusal, "" where the server did not get to say one; `reason` what
 * libpq said. Where the server speaks another language than English the advice is less exact. Never
 * NULL. */
const char *login_advice(const char *sqlstate, const char *reason);

#endif
