#include "buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "log.h"

enum { SMALLEST_CAPACITY = 64, BEYOND = 4096 /* bytes of memory, for what is added unasked */ };

bool buffer_admits(struct buffer *buffer, size_t extra)
{
    bool is_full = buffer->length > buffer->most || extra > buffer->most - buffer->length;

    if (buffer->most > 0 && is_full)
        buffer->is_cut = true;
    return !buffer->is_cut;
}

void buffer_reserve(struct buffer *buffer, size_t extra)
{
    /* A sum that does not fit becomes SIZE_MAX, which allocate_again refuses. */
    size_t needed = extra < SIZE_MAX - buffer->length ? buffer->length + extra + 1 : SIZE_MAX;
    if (needed <= buffer->capacity)
        return;
    size_t capacity = buffer->capacity <= SIZE_MAX / 2 ? buffer->capacity * 2 : SIZE_MAX;
    if (capacity < SMALLEST_CAPACITY)
        capacity = SMALLEST_CAPACITY;
    if (buffer->most > 0 && capacity > buffer->most + BEYOND)
        capacity = buffer->most + BEYOND;
    if (capacity < needed)
        capacity = needed;
    buffer->data = allocate_again(buffer->data, capacity);
    buffer->capacity = capacity;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
    buffer_reserve(buffer, length);
    if (length > 0)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_byte(struct buffer *buffer, char byte)
{
    buffer_add(buffer, &byte, 1);
}

void buffer_add_number(struct buffer *buffer, uint64_t number, int width)
{
    char digits[20];
    size_t at = sizeof digits;

    while (at > 0 && (number > 0 || at > sizeof digits - (size_t)width)) {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    }
    buffer_add(buffer, digits + at, sizeof digits - at);
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    buffer_add_format_list(buffer, format, arguments);
    va_end(arguments);
}

void buffer_add_format_list(struct buffer *buffer, const char *format, va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        log_last_words("a text could not be formatted");
        abort();
    }
    buffer_reserve(buffer, (size_t)length);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    buffer->length += (size_t)length;
}

bool buffer_is(const struct buffer *buffer, const char *text)
{
    return buffer->length == strlen(text) &&
           (buffer->length == 0 || memcmp(buffer->data, text, buffer->length) == 0);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->is_cut = false;
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
