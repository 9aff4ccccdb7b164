#include "fake_db.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

const struct fake_answer *fake_answer;
const char *fake_statement, *fake_statements[FAKE_CALLS];
char fake_values[STATEMENT_PARAMETERS_MOST][64];
size_t fake_calls;
int fake_timeout;
bool fake_can_change;

struct db_row {
    const char *const *columns;
};

const char *db_row_text(const struct db_row *row, int column)
{
    const char *text = row->columns[column];

    return text == NULL || text[0] == '\0' ? NULL : text;
}

size_t db_row_length(const struct db_row *row, int column)
{
    return row->columns[column] == NULL ? 0 : strlen(row->columns[column]);
}

static void note_value(const struct db_value *value, char text[64])
{
    uint64_t bytes;

    text[0] = '\0';
    if (value->bytes == NULL)
        return;
    if (value->binary) {
        memcpy(&bytes, value->bytes, sizeof bytes);
        snprintf(text, 64, "%lld", (long long)be64toh(bytes));
    } else {
        snprintf(text, 64, "%s", value->bytes);
    }
}

bool db_run_within(struct db *db, int timeout, const struct db_call *calls, size_t count,
                   int peer_fd, struct error *error)
{
    fake_timeout = timeout;
    return db_run(db, calls, count, peer_fd, error);
}

bool db_run(struct db *db, const struct db_call *calls, size_t count, int peer_fd,
            struct error *error)
{
    (void)db;
    (void)peer_fd;
    fake_statement = calls[0].statement->name;
    fake_calls = count;
    for (size_t call = 0; call < count; call++)
        fake_statements[call] = calls[call].statement->name;
    for (int i = 0; i < statement_count(calls[0].statement->parameters); i++)
        note_value(&calls[0].values[i], fake_values[i]);
    if (fake_answer->fails_with != ERROR_NONE)
        return error_set(error, fake_answer->fails_with, "as the test said");
    for (size_t call = 0; call < count; call++) {
        for (int i = 0; i < FAKE_ROWS && fake_answer->rows[call][i][0] != NULL; i++) {
            struct db_row row = {fake_answer->rows[call][i]};

            if (!calls[call].take_row(&row, calls[call].context, error))
                return false;
        }
    }
    return true;
}

struct db_cost db_take_cost(struct db *db)
{
    (void)db;
    return (struct db_cost){0};
}

bool db_can_change(const struct db *db)
{
    (void)db;
    return fake_can_change;
}

bool db_is_undone(const struct db *db)
{
    (void)db;
    return false;
}

bool db_change(struct db *db, int timeout, const struct db_call *call, struct error *error)
{
    fake_timeout = timeout;
    return db_run(db, call, 1, -1, error);
}
