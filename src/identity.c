#include "identity.h"

#include <stddef.h>
#include <string.h>

#include "secret.h"

enum { USER_LONGEST = 255 };

static const char *const roles[] = {
    [ROLE_USER] = "user",
    [ROLE_SERVICE] = "service",
    [ROLE_ADMIN] = "admin",
};

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Basic authentication lets the client choose the bytes of a name; no real one has such. */
static bool is_plausible(const char *user)
{
    size_t length = strlen(user);

    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)user[i] < 0x20 || user[i] == 0x7f)
            return false;
    }
    return length <= USER_LONGEST;
}

static bool read_role(const char *text, enum role *role, struct error *error)
{
    *role = ROLE_USER;
    if (!is_given(text))
        return true;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(text, roles[i]) == 0) {
            *role = (enum role)i;
            return true;
        }
    }
    return error_internal(error, "the web server sent the unknown role \"%s\"", text);
}

static bool read_user_id(const char *text, struct identity *identity, struct error *error)
{
    struct buffer fault = {0};

    identity->has_user_id = is_given(text);
    if (identity->has_user_id && !uuid_parse(text, strlen(text), &identity->user_id, &fault)) {
        error_internal(error, "the web server sent the user id \"%s\": %s", text, fault.data);
        buffer_free(&fault);
        return false;
    }
    return true;
}

bool identity_read(const char *user, const char *role, const char *user_id,
                   struct identity *identity, struct error *error)
{
    if (!is_given(user) || !is_plausible(user))
        return error_set(error, ERROR_UNAUTHENTICATED, "authentication required");
    identity->user = user;
    return read_role(role, &identity->role, error) && read_user_id(user_id, identity, error);
}

bool identity_check_secret(const char *given, const char *wanted, struct error *error)
{
    return wanted == NULL || wanted[0] == '\0' || secret_matches(given, wanted) ||
           error_internal(error, "the web server sent no or another TALLY_SECRET");
}

const char *identity_role_name(enum role role)
{
    return roles[role];
}
