/* Who asks. The three texts come from FastCGI parameters that the web server sets and a client
 * cannot; which ones they are is configured under [auth]. */
#ifndef TALLY_IDENTITY_H
#define TALLY_IDENTITY_H

#include <stdbool.h>

#include "error.h"
#include "uuid.h"

/* Each role may do what the one before it may. */
enum role { ROLE_USER, ROLE_SERVICE, ROLE_ADMIN };

struct identity {
    const char *user; /* borrowed */
    enum role role;
    bool has_user_id;
    struct uuid user_id;
};

/* Reads the parameters; NULL and "" are absent. Fails with ERROR_UNAUTHENTICATED where there is no
 * user name, or one that nobody can have, and with ERROR_INTERNAL where role or user id are
 * malformed, since then the web server is set up wrongly. */
bool identity_read(const char *user, const char *role, const char *user_id,
                   struct identity *identity, struct error *error);

/* Whether a request comes from a web server that knows the secret `wanted`; NULL and "" let all
 * through. Fails with ERROR_INTERNAL. */
bool identity_check_secret(const char *given, const char *wanted, struct error *error);

/* The role as the web server writes it. */
const char *identity_role_name(enum role role);

#endif
