#include "batch.h"

#include <string.h>

void batch_start(struct batch *batch, const struct json_span *body, enum batch_form form)
{
    *batch = (struct batch){.body = *body, .form = form, .next_line = body->text};
    json_text_start(&batch->json, body);
    if (form == BATCH_JSON && json_text_peek(&batch->json) == '[')
        batch->is_array = json_text_enter(&batch->json);
}

/* What some editors put in front of a text, and JSON has no place for (RFC 8259 8.1). */
static bool is_byte_order_mark(const struct batch *batch)
{
    static const char mark[] = "\xef\xbb\xbf";

    return batch->json.at == batch->body.text && batch->body.length >= sizeof mark - 1 &&
           memcmp(batch->body.text, mark, sizeof mark - 1) == 0;
}

static bool fail(struct batch *batch, const char *fault, struct error *error)
{
    int line, column;

    if (is_byte_order_mark(batch))
        fault = "a byte order mark, which must be left out";
    batch->is_over = true;
    json_text_locate(&batch->body, batch->json.at, &line, &column);
    return error_set(error, ERROR_BAD_REQUEST, "broken JSON at line %d, column %d: %s", line,
                     column, fault);
}

/* Takes a value behind which nothing may stand. */
static bool take_only(struct batch *batch, struct json_span *event, struct error *error)
{
    struct json_text *json = &batch->json;

    if (!json_text_take(json, event))
        return fail(batch, json->fault, error);
    return json_text_is_at_end(json) || fail(batch, "only one value is expected", error);
}

static void start_line(struct batch *batch)
{
    const char *end = batch->body.text + batch->body.length;
    const char *first = batch->next_line;
    const char *line_end = memchr(first, '\n', (size_t)(end - first));
    struct json_span line = {first, (size_t)((line_end == NULL ? end : line_end) - first)};

    json_text_start(&batch->json, &line);
    batch->next_line = line_end == NULL ? NULL : line_end + 1;
}

static bool next_line(struct batch *batch, struct json_span *event, struct error *error)
{
    while (batch->next_line != NULL) {
        start_line(batch);
        if (!json_text_is_at_end(&batch->json))
            return take_only(batch, event, error);
    }
    return false;
}

static bool next_element(struct batch *batch, struct json_span *event, struct error *error)
{
    struct json_text *json = &batch->json;

    if (json_text_next(json, NULL, event))
        return true;
    batch->is_over = true;
    if (json->fault != NULL)
        return fail(batch, json->fault, error);
    return !json_text_is_at_end(json) && fail(batch, "only one value is expected", error);
}

bool batch_next(struct batch *batch, struct json_span *event, struct error *error)
{
    if (batch->is_over)
        return false;
    if (batch->form == BATCH_LINES)
        return next_line(batch, event, error);
    if (batch->is_array)
        return next_element(batch, event, error);
    batch->is_over = true;
    return take_only(batch, event, error);
}
