#include "request_log.h"

#include <string.h>

#include "log.h"

enum { TEXT_MOST = 256 /* bytes of a text from outside */, STATUS_DIGITS = 3 };

static void add_text(struct buffer *line, const char *name, const char *first, const char *second)
{
    const char *parts[] = {first, second};
    size_t room = TEXT_MOST;

    buffer_add_format(line, "%s=\"", name);
    for (int part = 0; part < 2; part++) {
        for (const char *byte = parts[part]; byte != NULL && *byte != '\0'; byte++) {
            if (room-- == 0) {
                buffer_add_text(line, "...\"");
                return;
            }
            if (*byte == '"' || *byte == '\\')
                buffer_add_byte(line, '\\');
            buffer_add_byte(line, *byte);
        }
    }
    buffer_add_byte(line, '"');
}

void request_log_add_subject(struct buffer *line, const struct route_input *input)
{
    add_text(line, "request", input->request_id, NULL);
    add_text(line, " user", input->user, NULL);
    add_text(line, " method", input->method, NULL);
    add_text(line, " path", input->script_name, input->path_info);
}

static void add_milliseconds(struct buffer *line, const char *name, int64_t microseconds)
{
    buffer_add_format(line, " %s=%lld.%03lld", name, (long long)microseconds / 1000,
                      (long long)microseconds % 1000);
}

void request_log_write(const struct buffer *subject, const char *status, size_t bytes,
                       const struct db_cost *cost, int64_t microseconds)
{
    struct buffer line = {0};

    if (!log_takes(LOG_LEVEL_INFO))
        return;
    buffer_add(&line, subject->data, subject->length);
    buffer_add_format(&line, " status=%.*s rows=%ld", STATUS_DIGITS, status, cost->rows);
    add_milliseconds(&line, "database_ms", cost->microseconds);
    add_milliseconds(&line, "total_ms", microseconds);
    buffer_add_format(&line, " bytes=%zu", bytes);
    log_message(LOG_LEVEL_INFO, "%s", line.data);
    buffer_free(&line);
}
