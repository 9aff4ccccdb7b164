/* The rights to what sql/schema.sql made: whether the workers' role has what it needs, and nobody
 * more than they should. */
#ifndef TALLY_SCHEMA_RIGHTS_H
#define TALLY_SCHEMA_RIGHTS_H

#include <stdbool.h>

#include "error.h"

/* What the two columns of statement schema_rights say; NULL: nothing is wrong. Fails with
 * ERROR_UNFIT where the role lacks a right that it needs, and else with ERROR_EXPOSED where every
 * role has one that it should not have: what is answered is right then, but anybody may change it.
 */
bool schema_rights_check(const char *lacking, const char *open, struct error *error);

#endif
