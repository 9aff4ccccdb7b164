/* A configuration file: it is taken and keeps to the documented limits, or each fault has a line.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "must.h"

static void must_be_no_header(const char *parameter)
{
    MUST(parameter[0] != '\0');
    MUST(strncasecmp(parameter, "HTTP_", 5) != 0);
    MUST(strspn(parameter, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
         strlen(parameter));
}

static void must_keep_to_limits(const struct config *config)
{
    const char *base_path = config->service.base_path;

    MUST(config->database.connect_timeout >= 1 && config->database.connect_timeout <= 60);
    MUST(config->database.query_timeout >= 100 && config->database.query_timeout <= 3600000);
    MUST(config->database.connection_lifetime >= 0 &&
         config->database.connection_lifetime <= 604800);
    MUST(config->service.max_requests >= 0);
    MUST(base_path[0] == '\0' || (base_path[0] == '/' && base_path[strlen(base_path) - 1] != '/'));
    must_be_no_header(config->auth.user_param);
    must_be_no_header(config->auth.role_param);
    must_be_no_header(config->auth.user_id_param);
    MUST(config->log.target[0] == '/' || strcmp(config->log.target, "stderr") == 0 ||
         strcmp(config->log.target, "syslog") == 0);
}

static void must_name_lines(const char *faults, const char *path)
{
    while (*faults != '\0') {
        size_t length = strcspn(faults, "\n");

        MUST(strncmp(faults, path, strlen(path)) == 0 && faults[strlen(path)] == ':');
        MUST(faults[length] == '\n');
        faults += length + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    static char path[64];
    struct config config;
    struct buffer faults = {0};

    if (file < 0) {
        file = memfd_create("tally.ini", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    MUST(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    if (config_read(path, &config, &faults)) {
        MUST(faults.length == 0);
        must_keep_to_limits(&config);
    } else {
        MUST(faults.length > 0);
        must_name_lines(faults.data, path);
    }
    config_free(&config);
    buffer_free(&faults);
    return 0;
}
