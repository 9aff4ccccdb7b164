#include "stderr_pipe.h"

#include <fcntl.h>
#include <unistd.h>

static int copy_aside(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* What it led to is kept by a descriptor of its own. */
void stderr_pipe_begin(struct stderr_pipe *pipe)
{
    int fds[2];

    *pipe = (struct stderr_pipe){-1, -1};
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
        return;
    pipe->saved_fd = copy_aside(STDERR_FILENO);
    if (pipe->saved_fd >= 0 && dup2(fds[1], STDERR_FILENO) >= 0) {
        pipe->read_fd = fds[0];
    } else {
        close(fds[0]);
        if (pipe->saved_fd >= 0)
            close(pipe->saved_fd);
        pipe->saved_fd = -1;
    }
    close(fds[1]);
}

void stderr_pipe_end(struct stderr_pipe *pipe, struct buffer *text)
{
    char piece[512];
    ssize_t size;

    if (pipe->saved_fd < 0)
        return;
    dup2(pipe->saved_fd, STDERR_FILENO);
    close(pipe->saved_fd);
    while ((size = read(pipe->read_fd, piece, sizeof piece)) > 0)
        buffer_add(text, piece, (size_t)size);
    close(pipe->read_fd);
}
