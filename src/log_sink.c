#include "log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FILE_MODE = 0640 };

/* A description of one's own: O_NONBLOCK would hold for all that share the other one. */
static int open_again(int fd)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void log_sink_share(struct log_sink *sink, int fd)
{
    struct stat status;
    int again;

    *sink = (struct log_sink){.kind = LOG_SINK_POLLED, .fd = fd};
    if (fstat(fd, &status) != 0)
        return;
    if (S_ISREG(status.st_mode)) {
        sink->kind = LOG_SINK_DIRECT;
    } else if (S_ISSOCK(status.st_mode)) {
        sink->kind = LOG_SINK_SOCKET;
    } else if ((again = open_again(fd)) >= 0) {
        sink->kind = LOG_SINK_DIRECT;
        sink->fd = again;
    } else if (S_ISFIFO(status.st_mode) && pipe2(sink->own, O_CLOEXEC | O_NONBLOCK) == 0) {
        sink->kind = LOG_SINK_PIPE; /* another account's */
    }
}

bool log_sink_open(struct log_sink *sink, const char *path)
{
    /* Without O_NONBLOCK a named pipe that nobody reads would be waited for. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, FILE_MODE);

    if (fd < 0)
        return false;
    *sink = (struct log_sink){.kind = LOG_SINK_DIRECT, .fd = fd};
    return true;
}

void log_sink_open_syslog(struct log_sink *sink, const char *path)
{
    *sink = (struct log_sink){.kind = LOG_SINK_SYSLOG, .fd = -1, .path = path};
}

static bool write_where_there_is_room(int fd, const char *line, size_t length)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};

    return poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0 &&
           write(fd, line, length) == (ssize_t)length;
}

/* splice(2) can be told for each call not to wait, write(2) cannot. */
static bool write_through(const struct log_sink *sink, const char *line, size_t length)
{
    char rest[1024];

    if (write(sink->own[1], line, length) != (ssize_t)length)
        return false;

    bool taken =
        splice(sink->own[0], NULL, sink->fd, NULL, length, SPLICE_F_NONBLOCK) == (ssize_t)length;

    while (!taken && read(sink->own[0], rest, sizeof rest) > 0)
        ;
    return taken;
}

static bool send_whole(int fd, const char *line, size_t length)
{
    return send(fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

/* As syslog(3): a socket for datagrams, or else for a stream. */
static bool connect_syslog(struct log_sink *sink)
{
    static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strncpy(address.sun_path, sink->path, sizeof address.sun_path - 1);
    for (size_t i = 0; i < 2 && !sink->is_connected; i++) {
        sink->fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sink->is_stream = types[i] == SOCK_STREAM;
        sink->is_connected = sink->fd >= 0 && connect(sink->fd, (const struct sockaddr *)&address,
                                                      sizeof address) == 0;
        if (sink->fd >= 0 && !sink->is_connected)
            close(sink->fd);
    }
    return sink->is_connected;
}

/* A full socket is no reason to connect again; one whose reader was started anew is. */
static bool write_to_syslog(struct log_sink *sink, const char *line, size_t length)
{
    for (int tries = 0; tries < 2; tries++) {
        if (!sink->is_connected && !connect_syslog(sink))
            return false;
        if (send_whole(sink->fd, line, length + sink->is_stream))
            return true;
        if (errno == EAGAIN || errno == ENOBUFS)
            return false;
        close(sink->fd);
        sink->is_connected = false;
    }
    return false;
}

bool log_sink_write(struct log_sink *sink, const char *line, size_t length)
{
    switch (sink->kind) {
    case LOG_SINK_DIRECT:
        return write(sink->fd, line, length) == (ssize_t)length;
    case LOG_SINK_SOCKET:
        return send_whole(sink->fd, line, length);
    case LOG_SINK_PIPE:
        return write_through(sink, line, length);
    case LOG_SINK_SYSLOG:
        return write_to_syslog(sink, line, length);
    default:
        return write_where_there_is_room(sink->fd, line, length);
    }
}
