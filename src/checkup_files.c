#include "checkup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSLOG_SOCKET "/dev/log"

/* A file that is not there yet: the first worker makes it. */
static enum checkup_outcome check_folder(const char *target, struct buffer *found)
{
    struct buffer folder = {0};
    struct stat status;
    enum checkup_outcome outcome = CHECKUP_FAULT;

    buffer_add(&folder, target, (size_t)(strrchr(target, '/') - target) + 1);
    if (stat(folder.data, &status) != 0)
        buffer_add_format(
            found, "%s: the folder cannot be reached: %s; make it, for the account of the workers",
            folder.data, strerror(errno));
    else if (access(folder.data, W_OK | X_OK) != 0)
        buffer_add_format(found,
                          "%s: this account may make no file there: %s; let it belong to the "
                          "account of the workers",
                          folder.data, strerror(errno));
    else
        outcome = CHECKUP_OK;
    if (outcome == CHECKUP_OK)
        buffer_add_format(found, "%s, which the first worker makes", target);
    buffer_free(&folder);
    return outcome;
}

static enum checkup_outcome check_file(const char *target, struct buffer *found)
{
    /* As log_open does it, but for O_CREAT: the file would belong to whoever looks. */
    int fd = open(target, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0) {
        close(fd);
        buffer_add_text(found, target);
        return CHECKUP_OK;
    }
    if (errno == ENOENT)
        return check_folder(target, found);
    buffer_add_format(found,
                      "%s cannot be written: %s; let it belong to the account of the workers",
                      target, strerror(errno));
    return CHECKUP_FAULT;
}

enum checkup_outcome checkup_log(const struct config *config, struct buffer *found)
{
    const char *target = config->log.target;

    if (target[0] == '/')
        return check_file(target, found);
    if (strcmp(target, "syslog") == 0 && access(SYSLOG_SOCKET, W_OK) != 0) {
        buffer_add_text(found, "syslog, but nobody listens on " SYSLOG_SOCKET
                               ": what is logged is lost until a service of syslog runs");
        return CHECKUP_WARNING;
    }
    buffer_add_text(found, target);
    return CHECKUP_OK;
}

enum checkup_outcome checkup_passfile(const struct config *config, struct buffer *found)
{
    const char *variable = getenv("PGPASSFILE");
    const char *path = config->database.passfile[0] != '\0' ? config->database.passfile : variable;
    struct stat status;

    if (path == NULL || path[0] == '\0')
        return CHECKUP_OK;
    if (stat(path, &status) != 0 || access(path, R_OK) != 0) {
        buffer_add_format(found, "%s cannot be read by this account: %s", path, strerror(errno));
        return CHECKUP_FAULT;
    }
    if (S_ISDIR(status.st_mode)) {
        buffer_add_format(found, "%s is a folder: name the file in it", path);
        return CHECKUP_FAULT;
    }
    if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        buffer_add_format(
            found,
            "%s has the mode %04o, and libpq uses none that others than its owner may open: "
            "chmod 0600 %s",
            path, status.st_mode & 07777U, path);
        return CHECKUP_FAULT;
    }
    buffer_add_text(found, path);
    return CHECKUP_OK;
}
