#include "params.h"

#include <stdio.h>
#include <string.h>

#include "query_string.h"

static const char space_for_plus[] = "; a + in a URL is a space, write it as %2B";

/* Each reader takes the struct param_TYPE at `place` and the decoded value. At a fault it returns
 * false and appends the fault text. */
typedef bool reader(void *place, const struct buffer *text, struct buffer *fault);

static bool read_text(void *place, const struct buffer *text, struct buffer *fault)
{
    struct param_text *param = place;

    (void)fault;
    buffer_add(&param->value, text->data, text->length);
    return true;
}

static bool read_uuid(void *place, const struct buffer *text, struct buffer *fault)
{
    struct param_uuid *param = place;

    return uuid_parse(text->data, text->length, &param->value, fault);
}

/* The fault of the digits from `at` on, or NULL. A number is built with its sign, because
 * INT32_MIN has no positive counterpart. */
static const char *read_digits(const char *at, const char *end, bool negative, int32_t *value)
{
    int64_t number = 0;

    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return "invalid digit found in string";
        number = number * 10 + (negative ? '0' - *at : *at - '0');
        if (number > INT32_MAX)
            return "number too large to fit in target type";
        if (number < INT32_MIN)
            return "number too small to fit in target type";
    }
    *value = (int32_t)number;
    return NULL;
}

static bool read_i32(void *place, const struct buffer *text, struct buffer *fault)
{
    struct param_i32 *param = place;
    const char *at = text->data;
    const char *end = at + text->length;
    const char *problem;
    bool negative = text->length > 0 && *at == '-';

    if (text->length > 1 && (*at == '+' || *at == '-'))
        at++;
    if (text->length == 0)
        problem = "cannot parse integer from empty string";
    else
        problem = read_digits(at, end, negative, &param->value);
    if (problem == NULL)
        return true;
    buffer_add_text(fault, problem);
    return false;
}

/* Whether a space stands behind the seconds where digits follow, as the + of a zone does that
 * was not written %2B. */
static bool is_plus_lost(const char *text)
{
    int end = 0;

    sscanf(text, "%*d-%*d-%*d%*1[Tt ]%*d:%*d:%*d%n", &end);
    if (end == 0)
        return false;
    const char *rest = text + end + strspn(text + end, ".0123456789");
    size_t spaces = strspn(rest, " ");
    return spaces > 0 && rest[spaces] >= '0' && rest[spaces] <= '9';
}

static bool read_timestamp(void *place, const struct buffer *text, struct buffer *fault)
{
    struct param_timestamp *param = place;

    if (timestamp_parse(text->data, text->length, &param->value, fault))
        return true;
    if (is_plus_lost(text->data))
        buffer_add_text(fault, space_for_plus);
    return false;
}

static bool read_bucket(void *place, const struct buffer *text, struct buffer *fault)
{
    struct param_bucket *param = place;

    return bucket_parse(text->data, text->length, &param->value, fault);
}

static reader *const readers[] = {
    [PARAM_TEXT] = read_text,           [PARAM_UUID] = read_uuid,     [PARAM_I32] = read_i32,
    [PARAM_TIMESTAMP] = read_timestamp, [PARAM_BUCKET] = read_bucket,
};

static const struct param *find(const struct param *table, size_t count, const struct buffer *key)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(table[i].name) == key->length &&
            memcmp(table[i].name, key->data, key->length) == 0)
            return &table[i];
    return NULL;
}

/* Sets "NAME: FAULT". The fault may hold NULs of the client, which a format would cut at. */
static bool refuse(struct error *error, const char *name, const struct buffer *fault)
{
    if (error->code != ERROR_NONE)
        return false;
    error_set(error, ERROR_BAD_REQUEST, "%s: ", name);
    buffer_add(&error->message, fault->data, fault->length);
    return false;
}

static bool read_param(const struct param *param, const struct buffer *text, void *values,
                       struct error *error)
{
    void *place = (char *)values + param->offset;
    bool *given = place; /* the first member of every struct param_TYPE */
    if (*given)
        return error_set(error, ERROR_BAD_REQUEST, "duplicate field `%s`", param->name);
    struct buffer fault = {0};
    *given = readers[param->type](place, text, &fault);
    if (!*given)
        refuse(error, param->name, &fault);
    buffer_free(&fault);
    return *given;
}

bool params_parse(const char *query, const struct param *table, size_t count, void *values,
                  struct error *error)
{
    struct query_string pairs;
    bool good = true;

    query_string_start(&pairs, query);
    while (good && query_string_next(&pairs)) {
        const struct param *param = find(table, count, &pairs.key);

        if (param != NULL)
            good = read_param(param, &pairs.value, values, error);
    }
    query_string_free(&pairs);
    return good;
}

void params_free(const struct param *table, size_t count, void *values)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].type != PARAM_TEXT)
            continue;
        struct param_text *param = (void *)((char *)values + table[i].offset);
        buffer_free(&param->value);
        param->given = false;
    }
}
