/* Growing byte buffer. A buffer that starts as {0} is empty and valid.
 *
 * `data` holds `length` bytes and, once anything was added, a NUL behind them, which `length`
 * does not count; the bytes themselves may contain NULs. Memory that cannot be had ends the
 * process with a message (allocate.h). */
#ifndef TALLY_BUFFER_H
#define TALLY_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *data;
    size_t length;
    size_t capacity; /* bytes allocated behind data, the NUL included */
};

/* Makes room for at least `extra` more bytes and the NUL behind them. */
void buffer_reserve(struct buffer *buffer, size_t extra);

/* Appends `length` bytes, which must not lie in the buffer itself. */
void buffer_add(struct buffer *buffer, const void *bytes, size_t length);

/* Appends a C string without its NUL. */
void buffer_add_text(struct buffer *buffer, const char *text);

/* Appends one byte. */
void buffer_add_byte(struct buffer *buffer, char byte);

/* Appends a number in decimal, with zeros before it up to `width` digits (at most 20). */
void buffer_add_number(struct buffer *buffer, uint64_t number, int width);

/* Appends printf-style text. */
void buffer_add_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_add_format_list(struct buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Whether it holds exactly this C string. */
bool buffer_is(const struct buffer *buffer, const char *text);

/* Empties the buffer and keeps its memory for the next use. */
void buffer_clear(struct buffer *buffer);

/* Empties the buffer and gives its memory back; the buffer can be used again. */
void buffer_free(struct buffer *buffer);

#endif
