/* The reply as CGI headers and a body (RFC 3875 6). */
#ifndef TALLY_REPLY_OUT_H
#define TALLY_REPLY_OUT_H

#include <stdbool.h>

#include "peer.h"
#include "route.h"

/* Sends the reply to a request and ends it; `head`: without its body. */
void reply_out_send(struct peer *peer, const struct reply *reply, bool head);

#endif
