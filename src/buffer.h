/* Growing byte buffer. A buffer that starts as {0} is empty and valid, and may be of any size.
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
    size_t most;     /* bytes that it is to hold at the most; 0: any number. See buffer_admits */
    bool is_cut;     /* something was left out, since it was beyond `most` */
};

/* Whether `extra` more bytes are no more than `most` allows. If not, the buffer is cut from then
 * on: the caller leaves them out, and whoever wants the whole asks for `is_cut`. Nothing else looks
 * at `most`, but for memory: no more of it is taken than `most` needs and a little, unless more is
 * added all the same. */
bool buffer_admits(struct buffer *buffer, size_t extra);

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

/* Empties the buffer, which then is not cut, and keeps its memory for the next use. */
void buffer_clear(struct buffer *buffer);

/* Empties the buffer and gives its memory back; the buffer can be used again. */
void buffer_free(struct buffer *buffer);

#endif
