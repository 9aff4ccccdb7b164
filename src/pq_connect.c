#include <libpq-fe.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "allocate.h"
#include "pq_connect.h"
#include "pq_handle.h"
#include "stderr_pipe.h"

enum { SETTINGS_MOST = 32, CANCEL_STACK = 256 * 1024, SQLSTATE_LENGTH = PQ_SQLSTATE_SIZE - 1 };

void pq_add_one_line(struct buffer *text, const char *message)
{
    size_t length = message == NULL ? 0 : strlen(message);

    while (length > 0 && message[length - 1] == '\n')
        length--;
    for (size_t i = 0; i < length; i++) {
        if (message[i] != '\n' && message[i] != '\t')
            buffer_add_byte(text, message[i]);
        else if (text->length > 0 && text->data[text->length - 1] != ' ')
            buffer_add_byte(text, ' ');
    }
}

static void note(struct pq *pq, const char *message)
{
    if (pq->said.length > 0 && message[0] != '\0')
        buffer_add_text(&pq->said, "; ");
    pq_add_one_line(&pq->said, message);
}

/* libpq's own words have no message of the server's. */
static void note_notice(void *context, const PGresult *notice)
{
    const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);

    note(context, message == NULL ? PQresultErrorMessage(notice) : message);
}

/* Later ones say nothing that the one on call could act on. */
static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

/* What libpq says of the password file it writes to standard error, whoever reads that. */
struct pq *pq_start(const struct pq_setting *settings)
{
    const char *keywords[SETTINGS_MOST + 1];
    const char *values[SETTINGS_MOST + 1];
    struct pq *pq = allocate_zeroed(1, sizeof *pq);
    struct buffer written = {0};
    struct stderr_pipe catch;
    size_t count = 0;

    for (; settings->keyword != NULL && count < SETTINGS_MOST; settings++) {
        keywords[count] = settings->keyword;
        values[count++] = settings->value;
    }
    keywords[count] = values[count] = NULL;
    stderr_pipe_begin(&catch);
    pq->connection = PQconnectStartParams(keywords, values, 0);
    stderr_pipe_end(&catch, &written);
    if (written.length > 0)
        note(pq, written.data);
    buffer_free(&written);
    PQsetNoticeReceiver(pq->connection, note_notice, pq);
    /* The SQLSTATE of a refused connection stands nowhere but in its message. */
    PQsetErrorVerbosity(pq->connection, PQERRORS_VERBOSE);
    return pq;
}

enum pq_progress pq_advance(struct pq *pq)
{
    if (PQstatus(pq->connection) == CONNECTION_BAD)
        return PQ_IS_BROKEN;
    switch (PQconnectPoll(pq->connection)) {
    case PGRES_POLLING_OK:
        PQsetNoticeReceiver(pq->connection, ignore_notice, NULL);
        PQsetErrorVerbosity(pq->connection, PQERRORS_DEFAULT);
        return PQsetnonblocking(pq->connection, 1) == 0 ? PQ_IS_OPEN : PQ_IS_BROKEN;
    case PGRES_POLLING_READING:
        return PQ_WANTS_READ;
    case PGRES_POLLING_WRITING:
        return PQ_WANTS_WRITE;
    default:
        return PQ_IS_BROKEN;
    }
}

void pq_close(struct pq *pq)
{
    if (pq == NULL)
        return;
    if (pq->cancelling)
        pthread_detach(pq->canceller);
    PQfinish(pq->connection);
    buffer_free(&pq->said);
    free(pq);
}

bool pq_take_warning(struct pq *pq, struct buffer *text)
{
    bool said = pq->said.length > 0;

    buffer_add(text, pq->said.data, pq->said.length);
    buffer_clear(&pq->said);
    return said;
}

/* Without the line that says where in PostgreSQL's source it comes from. */
void pq_add_fault(const struct pq *pq, struct buffer *text)
{
    char *message = allocate_copy(PQerrorMessage(pq->connection));
    char *location = strstr(message, "\nLOCATION:  ");

    if (location != NULL)
        *location = '\0';
    pq_add_one_line(text, message);
    free(message);
}

/* A server writes SEVERITY:  SQLSTATE: MESSAGE. */
void pq_refusal(const struct pq *pq, char sqlstate[PQ_SQLSTATE_SIZE])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *at = PQerrorMessage(pq->connection);

    strcpy(sqlstate, PQconnectionNeedsPassword(pq->connection) ? "28P01" : "");
    while ((at = strstr(at, ":  ")) != NULL) {
        at += strlen(":  ");
        if (strspn(at, digits) == SQLSTATE_LENGTH && at[SQLSTATE_LENGTH] == ':') {
            memcpy(sqlstate, at, SQLSTATE_LENGTH);
            sqlstate[SQLSTATE_LENGTH] = '\0';
        }
    }
}

static const char *find_setting(const struct pq_setting *settings, const char *keyword)
{
    while (settings->keyword != NULL && strcmp(settings->keyword, keyword) != 0)
        settings++;
    return settings->keyword == NULL || settings->value == NULL ? "" : settings->value;
}

/* libpq looks for defaults in a service that the environment names, and in no other. */
char *pq_effective(const struct pq_setting *settings, const char *keyword)
{
    const char *given = find_setting(settings, keyword);
    const char *service = find_setting(settings, "service");
    PQconninfoOption *options;
    char *value;

    if (given[0] != '\0')
        return allocate_copy(given);
    if (service[0] != '\0')
        setenv("PGSERVICE", service, 1);
    options = PQconndefaults();
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
         option++) {
        if (strcmp(option->keyword, keyword) == 0 && option->val != NULL)
            given = option->val;
    }
    value = allocate_copy(given);
    PQconninfoFree(options);
    return value;
}

static void *send_cancel(void *request)
{
    char message[256];

    PQcancel(request, message, sizeof message);
    PQfreeCancel(request);
    return NULL;
}

void pq_cancel(struct pq *pq)
{
    PGcancel *request = PQgetCancel(pq->connection);
    pthread_attr_t attributes;

    if (request == NULL)
        return;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, CANCEL_STACK);
    pq->cancelling = pthread_create(&pq->canceller, &attributes, send_cancel, request) == 0;
    pthread_attr_destroy(&attributes);
    if (!pq->cancelling)
        PQfreeCancel(request);
}

bool pq_cancel_settled(struct pq *pq, int milliseconds)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (pq->cancelling && pthread_clockjoin_np(pq->canceller, NULL, CLOCK_MONOTONIC, &until) == 0)
        pq->cancelling = false;
    return !pq->cancelling;
}
