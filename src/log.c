#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log_sink.h"
#include "utf8.h"

enum { PREFIX_SIZE = 80, LAST_WORDS_SIZE = 512 };

static struct {
    enum log_level level;
    struct log_sink sink;
    long lost; /* lines since the last one that was written */
} log_state = {.level = LOG_LEVEL_INFO, .sink = {.fd = STDERR_FILENO}};

static const struct {
    const char *name;
    int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

bool log_level_parse(const char *text, enum log_level *level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(text, levels[i].name) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_open(enum log_level level, const char *target, struct error *error)
{
    log_state.level = level;
    if (strcmp(target, "stderr") == 0)
        log_sink_share(&log_state.sink, STDERR_FILENO);
    else if (strcmp(target, "syslog") == 0)
        log_open_syslog(level, _PATH_LOG);
    else if (!log_sink_open(&log_state.sink, target))
        return error_internal(error, "cannot open the log file %s: %s", target, strerror(errno));
    return true;
}

void log_open_syslog(enum log_level level, const char *path)
{
    log_state.level = level;
    log_sink_open_syslog(&log_state.sink, path);
}

/* What ends lines, commands a terminal, turns text around or cannot be seen. */
static bool is_control(uint32_t code_point)
{
    static const struct {
        uint32_t first, last;
    } controls[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x061c, 0x061c},
        {0x115f, 0x1160}, {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
        {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xfff0, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        if (code_point >= controls[i].first && code_point <= controls[i].last)
            return true;
    }
    return false;
}

static void add_escaped(struct buffer *line, const struct buffer *text)
{
    uint32_t code_point;
    size_t size;

    for (size_t i = 0; i < text->length; i += size) {
        bool good = utf8_decode(text->data + i, text->length - i, &code_point, &size);

        if (line->length + 4 * size > LOG_LINE_MOST) {
            buffer_add_text(line, "...");
            return;
        }
        if (good && !is_control(code_point)) {
            buffer_add(line, text->data + i, size);
            continue;
        }
        for (size_t byte = 0; byte < size; byte++)
            buffer_add_format(line, "\\x%02x", (unsigned char)text->data[i + byte]);
    }
}

/* What stands before a message, in the form of our own lines or of syslog's. */
static void write_prefix(char prefix[PREFIX_SIZE], const struct log_sink *to, enum log_level level)
{
    struct timespec now;
    struct tm time;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    if (to->kind == LOG_SINK_SYSLOG) {
        localtime_r(&now.tv_sec, &time);
        strftime(text, sizeof text, "%b %e %H:%M:%S", &time);
        snprintf(prefix, PREFIX_SIZE, "<%d>%s tally[%ld]: ", LOG_DAEMON | levels[level].priority,
                 text, (long)getpid());
    } else {
        gmtime_r(&now.tv_sec, &time);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &time);
        snprintf(prefix, PREFIX_SIZE, "%s.%03ldZ tally[%ld] %s: ", text, now.tv_nsec / 1000000,
                 (long)getpid(), levels[level].name);
    }
}

static void write_line(struct log_sink *to, enum log_level level, const struct buffer *message)
{
    struct buffer line = {0};
    char prefix[PREFIX_SIZE];

    write_prefix(prefix, to, level);
    buffer_add_text(&line, prefix);
    add_escaped(&line, message);
    if (to->kind != LOG_SINK_SYSLOG)
        buffer_add_byte(&line, '\n');
    log_state.lost += log_sink_write(to, line.data, line.length) ? 0 : 1;
    buffer_free(&line);
}

void log_last_words(const char *text)
{
    struct log_sink *to = &log_state.sink;
    char line[LAST_WORDS_SIZE];
    char prefix[PREFIX_SIZE];

    write_prefix(prefix, to, LOG_LEVEL_ERROR);
    snprintf(line, sizeof line, "%s%s%s", prefix, text, to->kind == LOG_SINK_SYSLOG ? "" : "\n");
    log_sink_write(to, line, strlen(line));
}

void log_failed_start(const char *text)
{
    struct log_sink plain, syslog;

    log_sink_share(&plain, STDERR_FILENO);
    log_sink_open_syslog(&syslog, _PATH_LOG);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        struct buffer message = {0};

        buffer_add(&message, text, length);
        write_line(&syslog, LOG_LEVEL_ERROR, &message);
        buffer_add_byte(&message, '\n');
        log_sink_write(&plain, message.data, message.length);
        text += length + (text[length] == '\n' ? 1 : 0);
        buffer_free(&message);
    }
}

static void tell_lost(void)
{
    struct buffer message = {0};
    long lost = log_state.lost;

    log_state.lost = 0;
    buffer_add_format(&message, "%ld lines before this one could not be written", lost);
    write_line(&log_state.sink, LOG_LEVEL_WARNING, &message);
    if (log_state.lost > 0)
        log_state.lost = lost;
    buffer_free(&message);
}

bool log_takes(enum log_level level)
{
    return level <= log_state.level;
}

void log_message(enum log_level level, const char *format, ...)
{
    if (!log_takes(level))
        return;

    int saved_errno = errno;
    struct buffer message = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_add_format_list(&message, format, arguments);
    va_end(arguments);
    if (log_state.lost > 0)
        tell_lost();
    write_line(&log_state.sink, level, &message);
    buffer_free(&message);
    errno = saved_errno;
}
