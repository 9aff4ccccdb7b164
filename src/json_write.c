#include "json_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "float_format.h"
#include "log.h"
#include "utf8.h"

static _Noreturn void misuse(const char *what)
{
    char text[64];

    snprintf(text, sizeof text, "JSON writer misused: %s", what);
    log_last_words(text);
    abort();
}

static bool in_scope(const struct json_writer *writer, char scope)
{
    return writer->depth > 0 && writer->scope[writer->depth - 1] == scope;
}

/* Writes the comma between two members or elements. */
static void separate(struct json_writer *writer)
{
    bool *first = &writer->first[writer->depth - 1];

    if (!*first)
        buffer_add_byte(writer->out, ',');
    *first = false;
}

static void begin_value(struct json_writer *writer)
{
    if (in_scope(writer, '['))
        separate(writer);
    else if (!writer->has_key)
        misuse(writer->depth > 0 ? "a value without a key" : "a second value at the root");
    writer->has_key = false;
}

static void begin_scope(struct json_writer *writer, char scope)
{
    begin_value(writer);
    if (writer->depth == JSON_DEPTH)
        misuse("nested too deep");
    writer->scope[writer->depth] = scope;
    writer->first[writer->depth] = true;
    writer->depth++;
    buffer_add_byte(writer->out, scope);
}

static void end_scope(struct json_writer *writer, char scope, char end)
{
    if (!in_scope(writer, scope))
        misuse("an end that does not fit its start");
    if (writer->has_key)
        misuse("an end behind a key");
    writer->depth--;
    buffer_add_byte(writer->out, end);
}

void json_write_start(struct json_writer *writer, struct buffer *out)
{
    /* The root is due as a value is after its key. */
    *writer = (struct json_writer){.out = out, .has_key = true};
}

void json_write_begin_object(struct json_writer *writer)
{
    begin_scope(writer, '{');
}

void json_write_end_object(struct json_writer *writer)
{
    end_scope(writer, '{', '}');
}

void json_write_begin_array(struct json_writer *writer)
{
    begin_scope(writer, '[');
}

void json_write_end_array(struct json_writer *writer)
{
    end_scope(writer, '[', ']');
}

void json_write_key(struct json_writer *writer, const char *key)
{
    if (!in_scope(writer, '{') || writer->has_key)
        misuse("a key where none is due");
    struct buffer *out = writer->out;
    size_t length = strlen(key);
    separate(writer);
    buffer_reserve(out, length + 3);
    out->data[out->length] = '"';
    memcpy(out->data + out->length + 1, key, length);
    memcpy(out->data + out->length + 1 + length, "\":", 3);
    out->length += length + 3;
    writer->has_key = true;
}

void json_write_null(struct json_writer *writer)
{
    begin_value(writer);
    buffer_add(writer->out, "null", 4);
}

void json_write_bool(struct json_writer *writer, bool value)
{
    begin_value(writer);
    buffer_add_text(writer->out, value ? "true" : "false");
}

void json_write_i64(struct json_writer *writer, int64_t value)
{
    begin_value(writer);
    if (value < 0)
        buffer_add_byte(writer->out, '-');
    buffer_add_number(writer->out, value < 0 ? -(uint64_t)value : (uint64_t)value, 1);
}

void json_write_f64(struct json_writer *writer, double value)
{
    begin_value(writer);
    float_add(writer->out, value);
}

static const char escape_letters[0x60] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't',
    ['\n'] = 'n', ['\f'] = 'f',  ['\r'] = 'r',
};

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Writes one ASCII character that is not plain. */
static void add_escape(struct buffer *out, unsigned char byte)
{
    if (escape_letters[byte] != '\0') {
        const char escape[] = {'\\', escape_letters[byte]};

        buffer_add(out, escape, sizeof escape);
    } else {
        buffer_add_format(out, "\\u%04x", (unsigned)byte);
    }
}

static void add_escaped(struct buffer *out, const char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t start = at;

        while (at < length && is_plain((unsigned char)text[at]))
            at++;
        buffer_add(out, text + start, at - start);
        start = at;
        while (at < length && (unsigned char)text[at] >= 0x80)
            at++;
        if (at > start)
            utf8_add_lossy(out, text + start, at - start);
        else if (at < length)
            add_escape(out, (unsigned char)text[at++]);
    }
}

void json_write_string(struct json_writer *writer, const char *text, size_t length)
{
    if (text == NULL) {
        json_write_null(writer);
        return;
    }
    begin_value(writer);
    buffer_add_byte(writer->out, '"');
    add_escaped(writer->out, text, length);
    buffer_add_byte(writer->out, '"');
}

void json_write_uuid(struct json_writer *writer, const struct uuid *uuid)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(uuid, text);
    json_write_string(writer, text, UUID_TEXT_SIZE - 1);
}

void json_write_timestamp(struct json_writer *writer, const struct timestamp *timestamp,
                          enum timestamp_zone zone)
{
    begin_value(writer);
    buffer_add_byte(writer->out, '"');
    timestamp_add(writer->out, timestamp, zone);
    buffer_add_byte(writer->out, '"');
}
