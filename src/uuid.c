#include "uuid.h"

#include <string.h>

#include "hex.h"
#include "utf8.h"

enum { GROUPS = 5, SIMPLE_LENGTH = 32, HYPHENATED_LENGTH = 36 };

static const size_t group_lengths[GROUPS] = {8, 4, 4, 4, 12};

/* A stretch of the input. */
struct span {
    const char *text;
    size_t length;
};

static const char urn[] = "urn:uuid:";

enum { URN_LENGTH = sizeof urn - 1 };

/* Takes {...} or urn:uuid:... away and returns how many bytes stood in front, 0 for neither. */
static size_t unwrap(struct span *span)
{
    if (span->length >= 2 && span->text[0] == '{' && span->text[span->length - 1] == '}') {
        *span = (struct span){span->text + 1, span->length - 2};
        return 1;
    }
    if (span->length >= URN_LENGTH && memcmp(span->text, urn, URN_LENGTH) == 0) {
        *span = (struct span){span->text + URN_LENGTH, span->length - URN_LENGTH};
        return URN_LENGTH;
    }
    return 0;
}

/* Whether a hyphen belongs at `at` of the hyphenated form. */
static bool is_hyphen_place(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static bool read_hex(struct span span, struct uuid *uuid)
{
    bool hyphenated = span.length == HYPHENATED_LENGTH;
    size_t digits = 0;

    if (!hyphenated && span.length != SIMPLE_LENGTH)
        return false;
    for (size_t i = 0; i < span.length; i++) {
        if (hyphenated && is_hyphen_place(i)) {
            if (span.text[i] != '-')
                return false;
            continue;
        }
        int value = hex_value(span.text[i]);
        if (value < 0)
            return false;
        unsigned char *byte = &uuid->bytes[digits++ / 2];
        *byte = (unsigned char)(*byte << 4 | value);
    }
    return true;
}

/* Finds the first character that is neither a hexadecimal digit nor a hyphen. */
static bool find_junk(struct span span, size_t *at)
{
    for (*at = 0; *at < span.length; ++*at)
        if (span.text[*at] != '-' && hex_value(span.text[*at]) < 0)
            return true;
    return false;
}

static void add_junk_fault(struct buffer *fault, struct span span, size_t at, size_t offset)
{
    uint32_t code_point;
    size_t size;

    utf8_decode(span.text + at, span.length - at, &code_point, &size);
    buffer_add_text(fault, "invalid character: found `");
    buffer_add(fault, span.text + at, size);
    buffer_add_format(fault, "` at %zu", at + offset + 1);
}

/* The span has four hyphens. `length` is that of the input with braces or urn, which the fault
 * of the last group counts in. */
static void add_group_fault(struct buffer *fault, struct span span, size_t length)
{
    size_t group = 0;
    size_t found = 0;
    const char *start = span.text;

    for (; group < GROUPS - 1; group++) {
        const char *hyphen = memchr(start, '-', span.length - (size_t)(start - span.text));

        found = (size_t)(hyphen - start);
        if (found != group_lengths[group])
            break;
        start = hyphen + 1;
    }
    if (group == GROUPS - 1)
        found = length - (HYPHENATED_LENGTH - group_lengths[group]);
    buffer_add_format(fault, "invalid group length in group %zu: expected %zu, found %zu", group,
                      group_lengths[group], found);
}

static size_t count_hyphens(struct span span)
{
    size_t count = 0;

    for (size_t i = 0; i < span.length; i++)
        count += span.text[i] == '-';
    return count;
}

static void add_fault(struct buffer *fault, struct span span)
{
    size_t length = span.length;
    size_t offset = unwrap(&span);
    size_t hyphens = count_hyphens(span);
    size_t junk;

    buffer_add_text(fault, "UUID parsing failed: ");
    if (find_junk(span, &junk))
        add_junk_fault(fault, span, junk, offset);
    else if (hyphens == 0 && offset == 0)
        buffer_add_format(fault, "invalid length: expected length %d for simple format, found %zu",
                          SIMPLE_LENGTH, length);
    else if (hyphens != GROUPS - 1)
        buffer_add_format(fault, "invalid group count: expected %d, found %zu", GROUPS,
                          hyphens + 1);
    else
        add_group_fault(fault, span, length);
}

bool uuid_parse(const char *text, size_t length, struct uuid *uuid, struct buffer *fault)
{
    struct span whole = {text, length};
    struct span inner = whole;

    /* Only the hyphenated form can be wrapped. What is wrapped and of any other length is a fault
     * as a whole. */
    if (unwrap(&inner) > 0 && inner.length == HYPHENATED_LENGTH)
        whole = inner;
    struct uuid read = {{0}};
    if (read_hex(whole, &read)) {
        *uuid = read;
        return true;
    }
    add_fault(fault, whole);
    return false;
}

bool uuid_is_nil(const struct uuid *uuid)
{
    static const struct uuid nil = {{0}};

    return memcmp(uuid, &nil, sizeof nil) == 0;
}

void uuid_format(const struct uuid *uuid, char text[UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (is_hyphen_place(at))
            text[at++] = '-';
        text[at++] = digits[uuid->bytes[i] >> 4];
        text[at++] = digits[uuid->bytes[i] & 0xf];
    }
    text[at] = '\0';
}
