/* UUIDs that follow from a name (RFC 9562 5.5, version 5): the only part that knows libcrypto. */
#ifndef TALLY_UUID_NAMED_H
#define TALLY_UUID_NAMED_H

#include <stddef.h>

#include "uuid.h"

/* The name space of URLs (RFC 9562 6.6). */
extern const struct uuid uuid_name_space_url;

/* The UUID of a name in a name space; `uuid` may be the name space itself. */
void uuid_from_name(const struct uuid *name_space, const char *name, size_t length,
                    struct uuid *uuid);

/* A random one (RFC 9562 5.4, version 4). */
void uuid_from_chance(struct uuid *uuid);

#endif
