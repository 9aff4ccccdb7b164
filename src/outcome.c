#include "outcome.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "json_write.h"

enum { CAPACITY_FIRST = 16 };

static const char *const names[OUTCOME_STATUSES] = {
    [OUTCOME_DUPLICATE] = "duplicate",
    [OUTCOME_RECORDED] = "recorded",
    [OUTCOME_REJECTED] = "rejected",
};

struct outcome *outcomes_add(struct outcomes *outcomes, const struct uuid *id)
{
    if (outcomes->count == outcomes->capacity) {
        outcomes->capacity = outcomes->capacity == 0 ? CAPACITY_FIRST : outcomes->capacity * 2;
        outcomes->list =
            allocate_again(outcomes->list, outcomes->capacity * sizeof outcomes->list[0]);
    }

    struct outcome *outcome = &outcomes->list[outcomes->count++];

    *outcome = (struct outcome){.status = OUTCOME_DUPLICATE, .has_id = id != NULL};
    if (id != NULL)
        outcome->id = *id;
    return outcome;
}

void outcomes_reject(struct outcomes *outcomes, struct outcome *outcome, const char *fault)
{
    outcome->status = OUTCOME_REJECTED;
    outcome->fault = outcomes->faults.length;
    buffer_add(&outcomes->faults, fault, strlen(fault) + 1);
}

/* Of those with the same id the first one of the batch comes first. */
static int compare(const void *a, const void *b)
{
    const struct outcome_place *left = a, *right = b;
    int order = memcmp(&left->id, &right->id, sizeof left->id);

    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

void outcomes_sort(struct outcomes *outcomes)
{
    outcomes->by_id = allocate_zeroed(outcomes->count + 1, sizeof outcomes->by_id[0]);
    for (size_t i = 0; i < outcomes->count; i++) {
        const struct outcome *outcome = &outcomes->list[i];

        if (outcome->status != OUTCOME_REJECTED)
            outcomes->by_id[outcomes->sorted++] =
                (struct outcome_place){.id = outcome->id, .index = i};
    }
    qsort(outcomes->by_id, outcomes->sorted, sizeof outcomes->by_id[0], compare);
}

struct outcome *outcomes_find(const struct outcomes *outcomes, const struct uuid *id)
{
    size_t first = 0, end = outcomes->sorted;

    while (first < end) {
        size_t middle = first + (end - first) / 2;

        if (memcmp(&outcomes->by_id[middle].id, id, sizeof *id) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    for (; first < outcomes->sorted; first++) {
        struct outcome *outcome = &outcomes->list[outcomes->by_id[first].index];

        if (memcmp(&outcome->id, id, sizeof *id) != 0)
            return NULL;
        if (outcome->status != OUTCOME_REJECTED)
            return outcome;
    }
    return NULL;
}

struct outcome *outcomes_at(const struct outcomes *outcomes, int64_t place)
{
    for (size_t i = 0; i < outcomes->count; i++) {
        if (outcomes->list[i].place == place)
            return &outcomes->list[i];
    }
    return NULL;
}

void outcomes_undo(struct outcomes *outcomes)
{
    for (size_t i = 0; i < outcomes->count; i++) {
        if (outcomes->list[i].place > 0) {
            outcomes->list[i].status = OUTCOME_DUPLICATE;
            outcomes->list[i].price = OUTCOME_NO_PRICE_ASKED;
            outcomes->list[i].differs = false;
        }
    }
}

size_t outcomes_count(const struct outcomes *outcomes, enum outcome_status status)
{
    size_t count = 0;

    for (size_t i = 0; i < outcomes->count; i++)
        count += outcomes->list[i].status == status;
    return count;
}

static size_t count_unpriced(const struct outcomes *outcomes)
{
    size_t count = 0;

    for (size_t i = 0; i < outcomes->count; i++)
        count += outcomes->list[i].price == OUTCOME_UNPRICED;
    return count;
}

static void write_count(struct json_writer *json, const char *key, size_t count)
{
    json_write_key(json, key);
    json_write_i64(json, (int64_t)count);
}

static void write_text(struct json_writer *json, const char *key, const char *text)
{
    json_write_key(json, key);
    json_write_string(json, text, strlen(text));
}

static void write_result(struct json_writer *json, const struct outcomes *outcomes, size_t index)
{
    const struct outcome *outcome = &outcomes->list[index];

    json_write_begin_object(json);
    write_count(json, "index", index);
    json_write_key(json, "id");
    if (outcome->has_id)
        json_write_uuid(json, &outcome->id);
    else
        json_write_null(json);
    write_text(json, "status", names[outcome->status]);
    if (outcome->status == OUTCOME_DUPLICATE && outcome->differs) {
        json_write_key(json, "differs");
        json_write_bool(json, true);
    }
    if (outcome->price != OUTCOME_NO_PRICE_ASKED) {
        json_write_key(json, "priced");
        json_write_bool(json, outcome->price == OUTCOME_PRICED);
    }
    if (outcome->status == OUTCOME_REJECTED)
        write_text(json, "error", outcomes->faults.data + outcome->fault);
    json_write_end_object(json);
}

void outcomes_write(const struct outcomes *outcomes, bool only_errors, struct buffer *body)
{
    size_t rejected = outcomes_count(outcomes, OUTCOME_REJECTED);
    struct json_writer json;

    json_write_start(&json, body);
    json_write_begin_object(&json);
    if (rejected > 0 && rejected == outcomes->count)
        write_text(&json, "error", "no event was accepted, see results");
    write_count(&json, "accepted", outcomes_count(outcomes, OUTCOME_RECORDED));
    write_count(&json, "duplicates", outcomes_count(outcomes, OUTCOME_DUPLICATE));
    write_count(&json, "rejected", rejected);
    write_count(&json, "unpriced", count_unpriced(outcomes));
    json_write_key(&json, "results");
    json_write_begin_array(&json);
    for (size_t i = 0; i < outcomes->count; i++) {
        if (!only_errors || outcomes->list[i].status != OUTCOME_RECORDED)
            write_result(&json, outcomes, i);
    }
    json_write_end_array(&json);
    json_write_end_object(&json);
}

void outcomes_free(struct outcomes *outcomes)
{
    free(outcomes->list);
    free(outcomes->by_id);
    buffer_free(&outcomes->faults);
    *outcomes = (struct outcomes){0};
}
