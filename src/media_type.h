/* The type of a body, as the header Content-Type says it (RFC 9110 8.3). */
#ifndef TALLY_MEDIA_TYPE_H
#define TALLY_MEDIA_TYPE_H

#include <stdbool.h>

/* Whether `header` names the type `expected` ("application/json") with no other character set than
 * UTF-8. Upper and lower case are alike. NULL names none. */
bool media_type_is(const char *header, const char *expected);

#endif
