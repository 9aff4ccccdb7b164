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

enum { WORD = sizeof(uint64_t) };

/* Whether all bytes of a word are plain. In each lane a subtraction reaches the top bit for a byte
 * below 0x20, or equal to the quote or the backslash; one that borrows from its neighbour does so
 * where the answer is no in any case. */
static bool is_plain_word(const char *text)
{
    static const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    uint64_t word;

    memcpy(&word, text, WORD);

    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';

    return ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & tops) == 0;
}

static size_t plain_length(const char *text, size_t length)
{
    size_t at = 0;

    while (length - at >= WORD && is_plain_word(text + at))
        at += WORD;
    while (at < length && is_plain((unsigned char)text[at]))
        at++;
    return at;
}

/* How much of the text is written as it is: plain bytes, and characters beyond ASCII. */
static size_t unchanged_length(const char *text, size_t length)
{
    size_t at = plain_length(text, length);
    uint32_t code_point;
    size_t size;

    while (at < length && (unsigned char)text[at] >= 0x80 &&
           utf8_decode(text + at, length - at, &code_point, &size)) {
        at += size;
        if (at < length && (unsigned char)text[at] < 0x80)
            at += plain_length(text + at, length - at);
    }
    return at;
}

enum { ESCAPE = 6 /* bytes of the longest */, PIECE = 256 /* characters */ };

static size_t write_escape(char *to, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";

    to[0] = '\\';
    if (escape_letters[byte] != '\0') {
        to[1] = escape_letters[byte];
        return 2;
    }
    to[1] = 'u';
    to[2] = to[3] = '0';
    to[4] = digits[byte >> 4];
    to[5] = digits[byte & 0xf];
    return ESCAPE;
}

/* Adds what does not stay as it is, with the few plain bytes between; returns how many bytes of the
 * text that were. Escapes are short: one by one, adding them would take longer than making them. */
static size_t add_changed(struct buffer *out, const char *text, size_t length)
{
    static const char replacement[] = {'\xef', '\xbf', '\xbd'}; /* U+FFFD */
    size_t at = 0, size = 1;
    uint32_t code_point;

    buffer_reserve(out, (size_t)PIECE * ESCAPE);
    for (int i = 0; i < PIECE && at < length; i++, at += size) {
        unsigned char byte = (unsigned char)text[at];
        char *to = out->data + out->length;

        size = 1;
        if (byte >= 0x80) {
            if (utf8_decode(text + at, length - at, &code_point, &size))
                break;
            memcpy(to, replacement, sizeof replacement);
            out->length += sizeof replacement;
        } else if (!is_plain(byte)) {
            out->length += write_escape(to, byte);
        } else if (length - at >= WORD && is_plain_word(text + at)) {
            break;
        } else {
            *to = text[at];
            out->length++;
        }
    }
    out->data[out->length] = '\0';
    return at;
}

static void add_escaped(struct buffer *out, const char *text, size_t length)
{
    while (length > 0) {
        size_t unchanged = unchanged_length(text, length);

        if (!buffer_admits(out, unchanged))
            return;
        buffer_add(out, text, unchanged);
        text += unchanged;
        length -= unchanged;

        size_t changed = add_changed(out, text, length);

        text += changed;
        length -= changed;
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
