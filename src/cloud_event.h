/* An event of the log from a CloudEvent (CloudEvents 1.0.2, JSON Event Format): type is the
 * resource type, time created_at, subject the user, and data the detail, but for the ids in it. */
#ifndef TALLY_CLOUD_EVENT_H
#define TALLY_CLOUD_EVENT_H

#include "event.h"

/* The id of the event: that of the CloudEvent where it is a UUID, else the one that is named so in
 * the name space of its source (RFC 9562 5.5): uuid5(uuid5(NAMESPACE_URL, source), id). */
event_reader cloud_event_read;

#endif
