#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static struct {
    enum log_level level;
    int fd;
    bool syslog;
} sink = {LOG_LEVEL_INFO, STDERR_FILENO, false};

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

    int fd = open(target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

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

static void add_escaped(struct buffer *line, const struct buffer *text)
{
    for (size_t i = 0; i < text->length; i++) {
        unsigned char byte = (unsigned char)text->data[i];

        if (byte < 0x20 || byte == 0x7f)
            buffer_add_format(line, "\\x%02x", byte);
        else
            buffer_add_byte(line, (char)byte);
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

void log_message(enum log_level level, const char *format, ...)
{
    if (level > sink.level)
        return;

    int saved_errno = errno;
    struct buffer message = {0};
    struct buffer line = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_add_format_list(&message, format, arguments);
    va_end(arguments);
    if (!sink.syslog)
        add_prefix(&line, level);
    add_escaped(&line, &message);
    if (sink.syslog) {
        syslog(levels[level].priority, "%s", line.data);
    } else {
        buffer_add_byte(&line, '\n');
        /* A log that cannot be written must not stop the work. */
        if (write(sink.fd, line.data, line.length) < 0)
            errno = 0;
    }
    buffer_free(&line);
    buffer_free(&message);
    errno = saved_errno;
}
