#include "pq.h"

#include <libpq-fe.h>
#include <string.h>

#include "pq_handle.h"

/* Results come as text. Binary was no faster for the few columns that are not text anyway, and
 * numeric has no binary form that is easy to read. */
enum { FORMAT_TEXT = 0 };

enum { MUCH = 1024 * 1024 };

/* struct pq_result is a PGresult for everyone but this file. */
static PGresult *handle(const struct pq_result *result)
{
    return (PGresult *)result;
}

int pq_socket(const struct pq *pq)
{
    return PQsocket(pq->connection);
}

const char *pq_server_encoding(const struct pq *pq)
{
    const char *encoding = PQparameterStatus(pq->connection, "server_encoding");

    return encoding == NULL ? "" : encoding;
}

bool pq_is_standby(const struct pq *pq)
{
    const char *said = PQparameterStatus(pq->connection, "in_hot_standby");

    return said != NULL && strcmp(said, "on") == 0;
}

bool pq_tend(struct pq *pq)
{
    /* The first call reads the server's last words and succeeds, the second one meets the end. */
    bool said = PQconsumeInput(pq->connection) == 1;

    return said && PQconsumeInput(pq->connection) == 1 && PQstatus(pq->connection) == CONNECTION_OK;
}

bool pq_is_idle(const struct pq *pq)
{
    return PQstatus(pq->connection) == CONNECTION_OK &&
           PQtransactionStatus(pq->connection) == PQTRANS_IDLE &&
           PQpipelineStatus(pq->connection) == PQ_PIPELINE_OFF;
}

bool pq_is_running(const struct pq *pq)
{
    return PQtransactionStatus(pq->connection) == PQTRANS_ACTIVE;
}

bool pq_is_in_failed_transaction(const struct pq *pq)
{
    return PQtransactionStatus(pq->connection) == PQTRANS_INERROR &&
           PQpipelineStatus(pq->connection) == PQ_PIPELINE_OFF;
}

bool pq_begin_batch(struct pq *pq)
{
    pq->in_batch = true;
    return PQenterPipelineMode(pq->connection) == 1;
}

bool pq_end_batch(struct pq *pq)
{
    return PQpipelineSync(pq->connection) == 1;
}

bool pq_send_command(struct pq *pq, const char *text)
{
    return PQsendQueryParams(pq->connection, text, 0, NULL, NULL, NULL, NULL, FORMAT_TEXT) == 1;
}

bool pq_send_prepare(struct pq *pq, const char *name, const char *text)
{
    return PQsendPrepare(pq->connection, name, text, 0, NULL) == 1;
}

bool pq_send_describe(struct pq *pq, const char *name)
{
    return PQsendDescribePrepared(pq->connection, name) == 1;
}

bool pq_send_query(struct pq *pq, const char *name, const char *text, int count,
                   const struct db_value *values)
{
    const char *bytes[STATEMENT_PARAMETERS_MOST];
    int lengths[STATEMENT_PARAMETERS_MOST];
    int formats[STATEMENT_PARAMETERS_MOST];
    int sent;

    for (int i = 0; i < count; i++) {
        bytes[i] = values[i].bytes;
        lengths[i] = values[i].length;
        formats[i] = values[i].binary;
    }
    if (name[0] != '\0')
        sent =
            PQsendQueryPrepared(pq->connection, name, count, bytes, lengths, formats, FORMAT_TEXT);
    else
        sent = PQsendQueryParams(pq->connection, text, count, NULL, bytes, lengths, formats,
                                 FORMAT_TEXT);
    if (sent == 1 && !pq->in_batch)
        PQsetSingleRowMode(pq->connection);
    return sent == 1;
}

int pq_flush(struct pq *pq)
{
    return PQflush(pq->connection);
}

bool pq_receive(struct pq *pq)
{
    return PQconsumeInput(pq->connection) == 1;
}

/* In a batch NULL stands between two statements, and single-row mode is asked for each anew. */
static enum pq_event after_statement(struct pq *pq)
{
    if (!pq->in_batch || PQstatus(pq->connection) == CONNECTION_BAD)
        return PQ_END;
    PQsetSingleRowMode(pq->connection);
    return PQ_NEXT;
}

enum pq_event pq_next(struct pq *pq, struct pq_result **result)
{
    if (PQisBusy(pq->connection))
        return PQ_NOTHING_YET;

    PGresult *got = PQgetResult(pq->connection);

    if (got == NULL)
        return after_statement(pq);
    if (PQresultMemorySize(got) > pq->longest)
        pq->longest = PQresultMemorySize(got);
    switch (PQresultStatus(got)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        *result = (struct pq_result *)got;
        return PQ_RESULT;
    case PGRES_PIPELINE_SYNC:
        PQclear(got);
        pq->in_batch = false;
        PQexitPipelineMode(pq->connection);
        return PQ_END;
    default:
        *result = (struct pq_result *)got;
        return PQ_FAULT;
    }
}

void pq_clear(struct pq_result *result)
{
    PQclear(handle(result));
}

bool pq_holds_much(const struct pq *pq)
{
    return pq->longest > MUCH;
}

int pq_rows(const struct pq_result *result)
{
    return PQntuples(handle(result));
}

const char *pq_text(const struct pq_result *result, int row, int column)
{
    return PQgetisnull(handle(result), row, column) ? NULL
                                                    : PQgetvalue(handle(result), row, column);
}

size_t pq_length(const struct pq_result *result, int row, int column)
{
    return (size_t)PQgetlength(handle(result), row, column);
}

const char *pq_sqlstate(const struct pq_result *result)
{
    const char *sqlstate = PQresultErrorField(handle(result), PG_DIAG_SQLSTATE);

    return sqlstate == NULL ? "" : sqlstate;
}

static void add_names(const PGresult *result, struct buffer *text)
{
    static const struct {
        int field;
        const char *name;
    } names[] = {
        {PG_DIAG_SCHEMA_NAME, "schema"},         {PG_DIAG_TABLE_NAME, "table"},
        {PG_DIAG_COLUMN_NAME, "column"},         {PG_DIAG_DATATYPE_NAME, "type"},
        {PG_DIAG_CONSTRAINT_NAME, "constraint"},
    };
    const char *before = " (";

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = PQresultErrorField(result, names[i].field);

        if (value == NULL)
            continue;
        buffer_add_format(text, "%s%s \"%s\"", before, names[i].name, value);
        before = ", ";
    }
    if (before[0] == ',')
        buffer_add_byte(text, ')');
}

/* Whatever stands in an event may stand in the detail, the hint and the context of a message, and
 * in the message itself where it is about a value (class 22). */
void pq_add_message(const struct pq_result *result, struct buffer *text)
{
    const PGresult *fault = handle(result);
    const char *message = PQresultErrorField(fault, PG_DIAG_MESSAGE_PRIMARY);
    const char *function = PQresultErrorField(fault, PG_DIAG_SOURCE_FUNCTION);

    if (message == NULL)
        pq_add_one_line(text, PQresultErrorMessage(fault)); /* libpq's own */
    else if (strncmp(pq_sqlstate(result), "22", 2) == 0)
        buffer_add_format(text, "a value does not suit its type (%s)",
                          function == NULL ? "it is not said where" : function);
    else
        pq_add_one_line(text, message);
    add_names(fault, text);
}

static bool check_types(const PGresult *description, const char *what,
                        const enum sql_type *expected, int got_count,
                        Oid (*got)(const PGresult *, int), struct buffer *fault)
{
    if (got_count != statement_count(expected)) {
        buffer_add_format(fault, "has %d %ss, expected %d", got_count, what,
                          statement_count(expected));
        return false;
    }
    for (int i = 0; i < got_count; i++) {
        Oid oid = got(description, i);

        if (oid != sql_types[expected[i]].oid && oid != sql_types[expected[i]].alias) {
            buffer_add_format(fault, "has %s %d of type %u, expected %s", what, i + 1, oid,
                              sql_types[expected[i]].name);
            return false;
        }
    }
    return true;
}

bool pq_check_shape(const struct pq_result *description, const struct statement *statement,
                    struct buffer *fault)
{
    const PGresult *got = handle(description);

    return check_types(got, "parameter", statement->parameters, PQnparams(got), PQparamtype,
                       fault) &&
           check_types(got, "column", statement->columns, PQnfields(got), PQftype, fault);
}
