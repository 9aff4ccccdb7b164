/* An event of the log (design: "The data") from what a client sends: read, checked field by field.
 */
#ifndef TALLY_EVENT_H
#define TALLY_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "json_text.h"
#include "params.h"

/* In bytes: of the text of an event, of its detail, and of any other text in it, which may have to
 * fit into an index (PostgreSQL's manual 67.4). */
enum { EVENT_LONGEST = 32768, EVENT_DETAIL_LONGEST = 16384, EVENT_TEXT_LONGEST = 1000 };

/* Levels of arrays and objects, the event itself among them. */
enum { EVENT_DEEPEST = 16 };

/* Starts as {0}. After it was read, resource_type is given. */
struct event {
    struct param_uuid id;
    struct param_timestamp created_at;
    struct param_text resource_type;
    struct param_uuid collection_id, user_id, bot_id, channel_id;
    struct param_text thread_id, agent_id;
    struct param_text detail;      /* a JSON object, each number as it was sent */
    struct param_text recorded_by; /* who sends it; no field of its own */
};

/* Reads an event from its text. Returns false and appends the fault ("FIELD: what is wrong") where
 * it cannot be taken; the id may have been read all the same. How far ahead its time may be is for
 * the database to say, whose clock counts. */
typedef bool event_reader(const struct json_span *text, struct event *event, struct buffer *fault);

/* The object whose members are the columns of the log. */
event_reader event_read;

/* Whether a text can be an event at all: an object, neither too long nor too deep, of what
 * PostgreSQL can store. Else appends the fault. */
bool event_check_text(const struct json_span *text, struct buffer *fault);

/* Reads one field. Returns false where there is none of that name, with no fault, or at a fault. */
bool event_read_field(const struct buffer *name, const struct json_span *value, struct event *event,
                      struct buffer *fault);

/* What can only be seen when all fields are read. */
bool event_check_whole(const struct event *event, struct buffer *fault);

/* Makes the event {0} again and keeps the memory of its texts. */
void event_clear(struct event *event);
void event_free(struct event *event);

#endif
