/* The keys of the configuration: a row of the table each, with the reader of its values. */
#ifndef TALLY_CONFIG_KEYS_H
#define TALLY_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

struct config_key;

/* Reads a value into its place in struct config. Returns what is wrong with it, as a text that
 * follows the key's name and is good until the next call; NULL: nothing is. */
typedef const char *config_value_reader(const struct config_key *key, const char *value,
                                        void *place);

struct config_key {
    const char *section;
    const char *name;
    const char *preset; /* in the form of a value in the file */
    config_value_reader *read;
    size_t offset;    /* of the value in struct config */
    long least, most; /* of a number */
};

enum { CONFIG_KEYS_MOST = 64 };

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* Whether the value is a text of its own, which config_free() frees. */
bool config_key_holds_text(const struct config_key *key);

#endif
