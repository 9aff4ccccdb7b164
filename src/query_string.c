#include "query_string.h"

#include <string.h>

#include "hex.h"
#include "utf8.h"

void query_string_start(struct query_string *query, const char *text)
{
    *query = (struct query_string){.next = text};
}

/* Reads %HH at the start of `text`. The query ends with a NUL, which is no digit, so looking
 * two characters ahead stays inside it. */
static bool read_escape(const char *text, char *byte)
{
    if (text[0] != '%' || hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
        return false;
    *byte = (char)(hex_value(text[1]) * 16 + hex_value(text[2]));
    return true;
}

static void decode(struct buffer *out, const char *text, size_t length)
{
    struct buffer raw = {0};
    const char *end = text + length;

    buffer_reserve(&raw, length);
    while (text < end) {
        char byte = *text;

        if (byte == '+')
            byte = ' ';
        text += read_escape(text, &byte) ? 3 : 1;
        buffer_add_byte(&raw, byte);
    }
    buffer_clear(out);
    utf8_add_lossy(out, raw.data, raw.length);
    buffer_free(&raw);
}

bool query_string_next(struct query_string *query)
{
    const char *piece = query->next + strspn(query->next, "&");

    if (*piece == '\0')
        return false;
    size_t length = strcspn(piece, "&");
    const char *equals = memchr(piece, '=', length);
    size_t key_length = equals != NULL ? (size_t)(equals - piece) : length;
    size_t value_start = equals != NULL ? key_length + 1 : length;
    decode(&query->key, piece, key_length);
    decode(&query->value, piece + value_start, length - value_start);
    query->next = piece + length;
    return true;
}

void query_string_free(struct query_string *query)
{
    buffer_free(&query->key);
    buffer_free(&query->value);
}
