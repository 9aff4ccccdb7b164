#include "log_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

static char path[] = "/tmp/tally-test-log-XXXXXX";

int log_file_open(void **state)
{
    struct error error = {0};
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd) != 0 || !log_open(LOG_LEVEL_INFO, path, &error) ? -1 : 0;
}

int log_file_remove(void **state)
{
    (void)state;
    return unlink(path);
}

char *log_file_read(void)
{
    static char text[16384];
    int fd = open(path, O_RDWR);
    ssize_t length = read(fd, text, sizeof text - 1);

    if (length < 0 || ftruncate(fd, 0) != 0)
        abort();
    text[length] = '\0';
    close(fd);
    return text;
}
