#include "schema_rights.h"

#include "db_fault.h"

#define CURE "run sql/grants.sql as the owner of the database"

bool schema_rights_check(const char *lacking, const char *open, struct error *error)
{
    const struct db_fault *fault = db_fault_find("42");

    if (lacking != NULL) {
        error_set(error, fault->code, "%s", fault->message);
        return error_detail(error, "this role lacks its right to %s; " CURE, lacking);
    }
    if (open != NULL) {
        error_set(error, ERROR_EXPOSED, "%s", fault->message);
        return error_detail(error,
                            "every role may run, or may lead to objects of its own, what runs with "
                            "the owner's rights: %s; " CURE,
                            open);
    }
    return true;
}
