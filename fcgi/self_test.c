#include "self_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "checkup.h"

static const int statuses[] = {
    [CHECKUP_OK] = EXIT_SUCCESS,
    [CHECKUP_WARNING] = EXIT_SUCCESS,
    [CHECKUP_AWAY] = EX_UNAVAILABLE,
    [CHECKUP_FAULT] = EX_CONFIG,
};

/* What comes from the database may not command the terminal. */
static void print_text(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++)
        putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, stream);
    putc('\n', stream);
}

static void print_line(enum checkup_outcome outcome, const char *check, const char *found,
                       void *context)
{
    (void)context;
    printf("%-8s %-14s ", checkup_outcome_name(outcome), check);
    print_text(stdout, found);
    /* A check that waits comes after all that is known. */
    fflush(stdout);
}

static void print_fault(enum checkup_outcome outcome, const char *check, const char *found,
                        void *path)
{
    if (outcome != CHECKUP_FAULT)
        return;
    fprintf(stderr, "%s: %s: ", (const char *)path, check);
    print_text(stderr, found);
}

int self_test_files(const char *path, const struct config *config)
{
    enum checkup_outcome worst = checkup_files(config, print_fault, (void *)path);

    if (worst != CHECKUP_FAULT)
        printf("%s: the configuration is fine\n", path);
    return statuses[worst];
}

int self_test_all(const char *path, const struct config *config)
{
    struct error error = {0};

    /* What a worker would log of the same is printed here. */
    log_open(LOG_LEVEL_ERROR, "/dev/null", &error);
    error_free(&error);
    print_line(CHECKUP_OK, "configuration", path, NULL);
    return statuses[checkup_all(config, print_line, NULL)];
}
