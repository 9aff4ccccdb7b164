/* What the web server says about a request. */
#ifndef TALLY_REQUEST_IN_H
#define TALLY_REQUEST_IN_H

#include "config.h"
#include "peer.h"
#include "route.h"

/* Reads the parameters that Tally knows; the texts live until the request ends. */
void request_in_read(struct peer *peer, const struct config *config, struct route_input *input);

#endif
