/* Where lines of the log go: a line is taken at once, as a whole, or it is lost; nothing is waited
 * for. None of this needs memory, so that a process can still write as it ends. */
#ifndef TALLY_LOG_SINK_H
#define TALLY_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

enum log_sink_kind {
    LOG_SINK_POLLED, /* written to where poll(2) says that there is room */
    LOG_SINK_DIRECT, /* written to: it does not block, or is a regular file */
    LOG_SINK_SOCKET, /* sent to without waiting */
    LOG_SINK_PIPE,   /* a pipe that may block, by way of one of our own */
    LOG_SINK_SYSLOG  /* a socket of syslog's, which may come and go */
};

/* Starts as {0}, with a descriptor. */
struct log_sink {
    enum log_sink_kind kind;
    int fd;
    int own[2];        /* of LOG_SINK_PIPE: what is read, what is written */
    const char *path;  /* of LOG_SINK_SYSLOG */
    bool is_connected; /* of LOG_SINK_SYSLOG */
    bool is_stream;    /* of LOG_SINK_SYSLOG: messages end with a NUL */
};

/* Takes a descriptor that others may share, such as standard error: whether it blocks is theirs to
 * say. So it is opened once more, or used in a way that does not block. */
void log_sink_share(struct log_sink *sink, int fd);

/* A file or a named pipe to append to. Returns false with errno set. */
bool log_sink_open(struct log_sink *sink, const char *path);

/* The socket of syslog at `path`, which lives as long as the sink; connected when it is needed. */
void log_sink_open_syslog(struct log_sink *sink, const char *path);

/* Writes a line of at most PIPE_BUF bytes, with a NUL behind it. Returns whether it was taken. */
bool log_sink_write(struct log_sink *sink, const char *line, size_t length);

#endif
