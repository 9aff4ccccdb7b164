/* What stands in an event's detail: the members that reports read, by resource type. */
#ifndef TALLY_DETAIL_H
#define TALLY_DETAIL_H

#include <stdbool.h>

#include "buffer.h"
#include "json_text.h"

/* Whether each member that reports read is what they need: a quantity is not negative and not
 * beyond what they count, a name is a string, cached tokens are part of the input. Other members
 * may be anything. Else returns false and appends "detail.MEMBER: what is wrong". */
bool detail_check(const struct buffer *resource_type, const struct json_span *detail,
                  struct buffer *fault);

/* Whether reports read a member of this name from the detail of any event. */
bool detail_has_member(const struct buffer *name);

#endif
