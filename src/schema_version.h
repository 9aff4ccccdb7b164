/* The version in sql/schema.sql that this program was written for. */
#ifndef TALLY_SCHEMA_VERSION_H
#define TALLY_SCHEMA_VERSION_H

#define SCHEMA_VERSION "1"

#endif
