#include "schema_version.h"

#include <string.h>

#include "db_fault.h"

bool schema_version_check(const char *version, struct error *error)
{
    const struct db_fault *fault = db_fault_find("42");

    if (version != NULL && strcmp(version, SCHEMA_VERSION) == 0)
        return true;
    error_set(error, fault->code, "%s", fault->message);
    return error_detail(error,
                        "the schema has version %s, this program needs " SCHEMA_VERSION
                        "; run the sql/schema.sql of the same release, or update the program",
                        version == NULL ? "none" : version);
}
