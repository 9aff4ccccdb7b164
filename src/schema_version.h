/* The version of sql/schema.sql that this program was written for. */
#ifndef TALLY_SCHEMA_VERSION_H
#define TALLY_SCHEMA_VERSION_H

#include <stdbool.h>

#include "error.h"

#define SCHEMA_VERSION "4"

/* Whether the database's schema has that version; `version` is what statement schema_version says,
 * NULL where none is installed. Else fails with ERROR_UNFIT. */
bool schema_version_check(const char *version, struct error *error);

#endif
