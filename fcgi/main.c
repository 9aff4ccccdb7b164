/* tally.fcgi: the command line, the configuration, and the start of the worker. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "buffer.h"
#include "config.h"
#include "db.h"
#include "log.h"
#include "peer.h"
#include "self_test.h"
#include "waiting.h"
#include "worker.h"

/* multiwatch gives up for good on a program that ends four times at its start: whoever ends there
 * takes this long, so that it is not done within moments. */
enum { FAILED_START_SECONDS = 1 };

static const char usage[] = "usage: tally.fcgi [-c FILE] [-t] [-T] [-V] [-h]\n"
                            "  -c FILE  read this configuration\n"
                            "  -t       check the configuration and end\n"
                            "  -T       try all that a worker needs, the database too, and end\n"
                            "  -V       print the version and end\n"
                            "  -h       print this help and end\n"
                            "Started by spawn-fcgi, mod_fcgid or systemd; see tally.fcgi(8).\n";

struct options {
    const char *config; /* NULL: look for it */
    bool test;          /* -t */
    bool try_all;       /* -T */
};

static int fail_start(int status)
{
    sleep(FAILED_START_SECONDS);
    return status;
}

static void read_options(int count, char *arguments[], struct options *options)
{
    int option;

    while ((option = getopt(count, arguments, "c:tTVh")) != -1) {
        switch (option) {
        case 'c':
            options->config = optarg;
            break;
        case 't':
            options->test = true;
            break;
        case 'T':
            options->try_all = true;
            break;
        case 'V':
            puts("tally.fcgi " VERSION);
            exit(EXIT_SUCCESS);
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        default:
            fputs(usage, stderr);
            exit(fail_start(EX_USAGE));
        }
    }
    if (optind < count) {
        fprintf(stderr, "tally.fcgi: unexpected argument: %s\n%s", arguments[optind], usage);
        exit(fail_start(EX_USAGE));
    }
}

/* Whoever starts a program without standard streams has its sockets written to like logs. */
static void open_standard_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    close(fd);
}

/* Stores the path of tally.ini beside the executable. Returns whether there is one, of whatever
 * kind: what cannot be read is an error, never passed over for the next place. */
static bool find_beside_executable(struct buffer *path)
{
    char executable[4096];
    struct stat found;

    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);

    if (length < 0)
        return false;
    executable[length] = '\0';
    *strrchr(executable, '/') = '\0';
    buffer_add_format(path, "%s/tally.ini", executable);
    return lstat(path->data, &found) == 0 || errno != ENOENT;
}

static void find_config(const struct options *options, struct buffer *path)
{
    const char *variable = getenv("TALLY_CONFIG");

    if (options->config != NULL) {
        buffer_add_text(path, options->config);
    } else if (variable != NULL && variable[0] != '\0') {
        buffer_add_text(path, variable);
    } else if (!find_beside_executable(path)) {
        buffer_clear(path);
        buffer_add_text(path, SYSCONFDIR "/tally/tally.ini");
    }
}

static int fail_with(struct error *error, int status)
{
    struct buffer text = {0};

    buffer_add_format(&text, "tally.fcgi: %s\n", error->detail.data);
    log_failed_start(text.data);
    buffer_free(&text);
    error_free(error);
    return fail_start(status);
}

static int run(const struct config *config)
{
    struct app app = {.config = config};
    struct error error = {0};
    bool ran;

    if (!peer_listen(&error))
        return fail_with(&error, EX_USAGE);
    if (!log_open(config->log.level, config->log.target, &error))
        return fail_with(&error, EX_CONFIG);
    app.db = db_new(config);
    ran = worker_run(&app, &error);
    db_free(app.db);
    return ran ? EXIT_SUCCESS : fail_with(&error, EX_OSERR);
}

int main(int count, char *arguments[])
{
    struct options options = {0};
    struct buffer path = {0};
    struct buffer faults = {0};
    struct config config;
    int status;

    waiting_hold_signals();
    open_standard_streams();
    /* spawn-fcgi hands down what it had open. */
    close_range(STDERR_FILENO + 1, ~0U, 0);
    read_options(count, arguments, &options);
    find_config(&options, &path);
    if (!config_read(path.data, &config, &faults)) {
        status = EX_CONFIG;
        if (options.test || options.try_all) {
            fputs(faults.data, stderr);
        } else {
            log_failed_start(faults.data);
            fail_start(status);
        }
    } else if (options.try_all) {
        status = self_test_all(path.data, &config);
    } else if (options.test) {
        status = self_test_files(path.data, &config);
    } else {
        status = run(&config);
    }
    config_free(&config);
    buffer_free(&faults);
    buffer_free(&path);
    return status;
}
