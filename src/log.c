#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "utf8.h"

static struct {
    enum log_level level;
    int fd;
    bool syslog;
    long lost; /* lines since the last one that was written */
} sink = {.level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

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
    sink.level = level;
    if (strcmp(target, "stderr") == 0)
        return true;
    if (strcmp(target, "syslog") == 0) {
        openlog("tally", LOG_PID, LOG_DAEMON);
        sink.syslog = true;
        return true;
    }

    /* Without O_NONBLOCK a named pipe that nobody reads would be waited for. */
    int fd = open(target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);

    if (fd < 0)
        return error_internal(error, "cannot open the log file %s: %s", target, strerror(errno));
    sink.fd = fd;
    return true;
}

void log_failed_start(const char *text)
{
    fputs(text, stderr);
    openlog("tally", LOG_PID, LOG_DAEMON);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        syslog(LOG_ERR, "%.*s", (int)length, text);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    closelog();
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

static void add_prefix(struct buffer *line, enum log_level level)
{
    struct timespec now;
    struct tm utc;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    buffer_add_format(line, "%s.%03ldZ tally[%ld] %s: ", text, now.tv_nsec / 1000000,
                      (long)getpid(), levels[level].name);
}

/* A log that is full or stuck must not hold up the work. */
static bool write_at_once(const struct buffer *line)
{
    struct pollfd sink_fd = {.fd = sink.fd, .events = POLLOUT};

    return poll(&sink_fd, 1, 0) == 1 && (sink_fd.revents & POLLOUT) != 0 &&
           write(sink.fd, line->data, line->length) == (ssize_t)line->length;
}

static void write_line(enum log_level level, const struct buffer *message)
{
    struct buffer line = {0};

    if (sink.syslog) {
        add_escaped(&line, message);
        syslog(levels[level].priority, "%s", line.length == 0 ? "" : line.data);
    } else {
        add_prefix(&line, level);
        add_escaped(&line, message);
        buffer_add_byte(&line, '\n');
        sink.lost += write_at_once(&line) ? 0 : 1;
    }
    buffer_free(&line);
}

static void tell_lost(void)
{
    struct buffer message = {0};
    long lost = sink.lost;

    sink.lost = 0;
    buffer_add_format(&message, "%ld lines before this one could not be written", lost);
    write_line(LOG_LEVEL_WARNING, &message);
    if (sink.lost > 0)
        sink.lost = lost;
    buffer_free(&message);
}

bool log_takes(enum log_level level)
{
    return level <= sink.level;
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
    if (sink.lost > 0)
        tell_lost();
    write_line(level, &message);
    buffer_free(&message);
    errno = saved_errno;
}
