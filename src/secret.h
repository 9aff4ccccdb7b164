/* The secret that the web server sends with each request, so that no other program can name a
 * caller. */
#ifndef TALLY_SECRET_H
#define TALLY_SECRET_H

#include <stdbool.h>

enum { SECRET_SHORTEST = 16, SECRET_SIZE = 256 }; /* bytes; the latter with the NUL at the end */

/* Stores the first line of a file. Returns NULL, or what is wrong with the file, as a static text
 * that follows the name of the key. */
const char *secret_read(const char *path, char secret[SECRET_SIZE]);

/* Whether `given`, which may be NULL, is the secret. The time that it takes does not tell how much
 * of it is right. */
bool secret_matches(const char *given, const char *secret);

#endif
