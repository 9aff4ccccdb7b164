/* A text of JSON: what json_text takes, jansson takes too, or it has one of the faults that
 * json_read_check tells; and what it does not take, jansson does not either; but for what lies too
 * deep. */
#include <jansson.h>
#include <string.h>

#include "json_read.h"
#include "json_text.h"
#include "must.h"

static bool take(const struct json_span *text, struct json_text *json)
{
    struct json_span value;

    json_text_start(json, text);
    return json_text_take(json, &value) && json_text_is_at_end(json);
}

static void check_place(const struct json_span *text, const struct json_text *json)
{
    int line, column;

    MUST(json->at >= text->text && json->at <= text->text + text->length);
    json_text_locate(text, json->at, &line, &column);
    MUST(line >= 1 && column >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_span text = {(const char *)data, size};
    struct buffer fault = {0};
    struct json_text json;
    bool taken = take(&text, &json);
    json_t *tree = json_loadb(text.text, size, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);

    check_place(&text, &json);
    MUST(json.depth <= JSON_TEXT_DEPTH && json.deepest <= JSON_TEXT_DEPTH + 1);
    /* For jansson a NUL may end a text. */
    if (tree != NULL && memchr(text.text, '\0', size) == NULL)
        MUST(taken);
    if (taken && tree == NULL && json.deepest <= JSON_TEXT_DEPTH) {
        MUST(!json_read_check(&text, &fault) && fault.length > 0);
        buffer_free(&fault);
    }
    json_decref(tree);
    return 0;
}
