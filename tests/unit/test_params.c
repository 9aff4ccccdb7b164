#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_write.h"
#include "params.h"
#include "vectors.h"

struct values {
    struct param_uuid user_id;
    struct param_uuid bot_id;
    struct param_uuid channel_id;
    struct param_text thread_id;
    struct param_text agent_id;
    struct param_timestamp since;
    struct param_timestamp until;
    struct param_bucket bucket;
    struct param_i32 days;
    struct param_uuid collection_id;
};

#define ROW(name, type)                                                                            \
    {                                                                                              \
#name, type, offsetof(struct values, name)                                                 \
    }
#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct param stats[] = {
    ROW(user_id, PARAM_UUID),    ROW(bot_id, PARAM_UUID),   ROW(channel_id, PARAM_UUID),
    ROW(thread_id, PARAM_TEXT),  ROW(agent_id, PARAM_TEXT), ROW(since, PARAM_TIMESTAMP),
    ROW(until, PARAM_TIMESTAMP), ROW(bucket, PARAM_BUCKET),
};

static const struct param admin[] = {
    ROW(days, PARAM_I32),
    ROW(collection_id, PARAM_UUID),
};

static const char hint[] = "; a + in a URL is a space, write it as %2B";

static void add_uuid(struct json_writer *writer, const char *key, const struct param_uuid *param)
{
    json_write_key(writer, key);
    if (param->given)
        json_write_uuid(writer, &param->value);
    else
        json_write_null(writer);
}

static void add_text(struct json_writer *writer, const char *key, const struct param_text *param)
{
    json_write_key(writer, key);
    json_write_string(writer, param->given ? param->value.data : NULL, param->value.length);
}

/* The time as it is echoed and, where given, as seconds and nanoseconds. */
static void add_timestamp(struct json_writer *writer, const char *key, const char *unix_key,
                          const struct param_timestamp *param)
{
    json_write_key(writer, key);
    if (!param->given) {
        json_write_null(writer);
        return;
    }
    json_write_timestamp(writer, &param->value, TIMESTAMP_ZONE_OFFSET);
    json_write_key(writer, unix_key);
    json_write_begin_array(writer);
    json_write_i64(writer, param->value.seconds);
    json_write_i64(writer, param->value.nanoseconds);
    json_write_end_array(writer);
}

static void add_stats(struct json_writer *writer, const struct values *values)
{
    const char *bucket = bucket_name(values->bucket.given ? values->bucket.value : BUCKET_DAY);

    add_uuid(writer, "user_id", &values->user_id);
    add_uuid(writer, "bot_id", &values->bot_id);
    add_uuid(writer, "channel_id", &values->channel_id);
    add_text(writer, "thread_id", &values->thread_id);
    add_text(writer, "agent_id", &values->agent_id);
    add_timestamp(writer, "since", "since_unix", &values->since);
    add_timestamp(writer, "until", "until_unix", &values->until);
    json_write_key(writer, "bucket");
    json_write_string(writer, bucket, strlen(bucket));
}

static void add_admin(struct json_writer *writer, const struct values *values)
{
    int32_t days = values->days.given ? values->days.value : 30;

    json_write_key(writer, "days_param");
    if (values->days.given)
        json_write_i64(writer, days);
    else
        json_write_null(writer);
    json_write_key(writer, "days");
    json_write_i64(writer, days < 1 ? 1 : days > 365 ? 365 : days);
    add_uuid(writer, "collection_id", &values->collection_id);
}

/* Whether `message` is `fault` behind the name of a parameter, with or without the hint. Only the
 * fault of a repeated parameter stands alone. */
static bool is_fault(const struct param *table, size_t count, const struct buffer *message,
                     const struct json_t *fault)
{
    const char *start = message->data;
    size_t length = message->length;

    if (strncmp(vectors_text(fault, NULL), "duplicate field", 15) == 0)
        return vectors_equal(fault, start, length);
    if (length > strlen(hint) && strcmp(start + length - strlen(hint), hint) == 0)
        length -= strlen(hint);
    for (size_t i = 0; i < count; i++) {
        size_t name = strlen(table[i].name);

        if (length > name + 2 && strncmp(start, table[i].name, name) == 0 &&
            strncmp(start + name, ": ", 2) == 0)
            return vectors_equal(fault, start + name + 2, length - name - 2);
    }
    return false;
}

static bool check_query(const struct json_t *in, const struct json_t *out, struct buffer *got,
                        const struct param *table, size_t count,
                        void (*add)(struct json_writer *, const struct values *))
{
    struct values values = {0};
    struct error error = {0};
    bool good;
    size_t length;
    const char *query = vectors_text(in, &length);

    if (params_parse(query, table, count, &values, &error)) {
        struct json_writer writer;

        json_write_start(&writer, got);
        json_write_begin_object(&writer);
        add(&writer, &values);
        json_write_end_object(&writer);
        good = vectors_same(got, vectors_member(out, "ok"));
    } else {
        const struct json_t *fault = vectors_member(out, "err");

        buffer_add(got, error.message.data, error.message.length);
        good = fault != NULL && error.code == ERROR_BAD_REQUEST &&
               is_fault(table, count, &error.message, fault);
    }
    params_free(table, count, &values);
    error_free(&error);
    return good && strlen(query) == length;
}

static bool check_stats(const struct json_t *in, const struct json_t *out, struct buffer *got)
{
    return check_query(in, out, got, stats, COUNT(stats), add_stats);
}

static bool check_admin(const struct json_t *in, const struct json_t *out, struct buffer *got)
{
    return check_query(in, out, got, admin, COUNT(admin), add_admin);
}

static void reads_the_stats_vectors(void **state)
{
    (void)state;
    vectors_run("query_stats.jsonl", check_stats);
}

static void reads_the_admin_vectors(void **state)
{
    (void)state;
    vectors_run("query_admin.jsonl", check_admin);
}

struct refusal {
    const char *query;
    const char *message;
};

static void check_refusals(const struct refusal *cases, size_t cases_count,
                           const struct param *table, size_t count)
{
    for (size_t i = 0; i < cases_count; i++) {
        struct values values = {0};
        struct error error = {0};

        if (params_parse(cases[i].query, table, count, &values, &error))
            fail_msg("%s is read", cases[i].query);
        assert_int_equal(error.code, ERROR_BAD_REQUEST);
        assert_string_equal(error.message.data, cases[i].message);
        params_free(table, count, &values);
        error_free(&error);
    }
}

static void names_the_parameter(void **state)
{
    static const struct refusal cases[] = {
        {"user_id=x", "user_id: UUID parsing failed: invalid character: found `x` at 1"},
        {"bot_id=%7B%7D", "bot_id: UUID parsing failed: invalid group count: expected 5, found 1"},
        {"since=x", "since: input contains invalid characters"},
        {"until=", "until: premature end of input"},
        {"bucket=Day",
         "bucket: unknown variant `Day`, expected one of `day`, `week`, `month`, `none`"},
        {"until=x&since=y&until=z", "until: input contains invalid characters"},
        {"agent_id=&bucket=x&agent_id=",
         "bucket: unknown variant `x`, expected one of `day`, `week`, `month`, `none`"},
        {"agent_id=&agent_id=", "duplicate field `agent_id`"},
        {"thread_id=a&thread%5Fid=b", "duplicate field `thread_id`"},
        {"bucket=day&bucket=x", "duplicate field `bucket`"},
    };

    (void)state;
    check_refusals(cases, COUNT(cases), stats, COUNT(stats));
}

static void reads_numbers_of_32_bits(void **state)
{
    static const struct {
        const char *query;
        int32_t value;
    } cases[] = {
        {"days=0", 0},
        {"days=-0", 0},
        {"days=%2B5", 5},
        {"days=-00009", -9},
        {"days=2147483647", INT32_MAX},
        {"days=-2147483648", INT32_MIN},
        {"days=00000000000000000000000000000000002147483647", INT32_MAX},
    };
    static const struct refusal refusals[] = {
        {"days=", "days: cannot parse integer from empty string"},
        {"days=%2B", "days: invalid digit found in string"},
        {"days=-", "days: invalid digit found in string"},
        {"days=+5", "days: invalid digit found in string"},
        {"days=2147483648", "days: number too large to fit in target type"},
        {"days=-2147483649", "days: number too small to fit in target type"},
        {"days=99999999999x", "days: number too large to fit in target type"},
        {"days=-99999999999x", "days: number too small to fit in target type"},
        {"days=2147483647x", "days: invalid digit found in string"},
        {"days=%00", "days: invalid digit found in string"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct values values = {0};
        struct error error = {0};

        assert_true(params_parse(cases[i].query, admin, COUNT(admin), &values, &error));
        assert_true(values.days.given);
        assert_int_equal(values.days.value, cases[i].value);
    }
    check_refusals(refusals, COUNT(refusals), admin, COUNT(admin));
}

static void hints_at_a_lost_plus(void **state)
{
#define INVALID "input contains invalid characters"
#define HINT    "; a + in a URL is a space, write it as %2B"
    static const struct refusal cases[] = {
        {"since=2026-03-01T00:00:00+00:00", "since: " INVALID HINT},
        {"until=2026-03-01T00:00:00+00:00", "until: " INVALID HINT},
        {"since=2026-03-01T00:00:00.123456789+0200", "since: " INVALID HINT},
        {"since=2026-03-01+00:00:00+00:00", "since: " INVALID HINT},
        {"since=2026-03-01T00:00:00%2000:00", "since: " INVALID HINT},
        {"since=2026-03-01T00:00:00+02", "since: " INVALID HINT},
        {"since=+10000-01-01T00:00:00+00:00", "since: " INVALID HINT},
        {"since=2026-02-30T00:00:00+00:00", "since: " INVALID HINT},
        {"since=+10000-01-01T00:00:00Z", "since: " INVALID},
        {"since=2026-03-01+00:00:00", "since: premature end of input"},
        {"since=2026-03-01T00:00:00", "since: premature end of input"},
        {"since=2026-03-01T00:00:00+GMT", "since: " INVALID},
        {"since=2026-03-01T00:00:00%2B+02:00", "since: " INVALID},
        {"since=Sun+Mar++1+00:00:00+2026", "since: " INVALID},
        {"since=2026-03-01T00:00+02:00", "since: " INVALID},
    };
    (void)state;
    check_refusals(cases, COUNT(cases), stats, COUNT(stats));
}

static void keeps_nuls(void **state)
{
    static const char expected[] =
        "bucket: unknown variant `a\0b`, expected one of `day`, `week`, `month`, `none`";
    struct values values = {0};
    struct error error = {0};

    (void)state;
    assert_false(params_parse("thread_id=%00x&bucket=a%00b", stats, COUNT(stats), &values, &error));
    assert_int_equal(values.thread_id.value.length, 2);
    assert_memory_equal(values.thread_id.value.data, "\0x", 3);
    assert_int_equal(error.message.length, sizeof expected - 1);
    assert_memory_equal(error.message.data, expected, sizeof expected);
    params_free(stats, COUNT(stats), &values);
    assert_false(values.thread_id.given);
    assert_null(values.thread_id.value.data);
    error_free(&error);
}

static void tells_empty_from_absent(void **state)
{
    struct values values = {0};
    struct error error = {0};

    (void)state;
    assert_true(params_parse("thread_id=&Agent_id=x&agent_id%00=x&agent_id[]=x", stats,
                             COUNT(stats), &values, &error));
    assert_true(values.thread_id.given);
    assert_string_equal(values.thread_id.value.data, "");
    assert_false(values.agent_id.given);
    assert_int_equal(error.code, ERROR_NONE);
    params_free(stats, COUNT(stats), &values);
}

static void keeps_an_earlier_error(void **state)
{
    struct values values = {0};
    struct error error = {0};

    (void)state;
    error_set(&error, ERROR_INTERNAL, "earlier");
    assert_false(params_parse("bucket=x", stats, COUNT(stats), &values, &error));
    assert_int_equal(error.code, ERROR_INTERNAL);
    assert_string_equal(error.message.data, "earlier");
    error_free(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_stats_vectors), cmocka_unit_test(reads_the_admin_vectors),
        cmocka_unit_test(names_the_parameter),     cmocka_unit_test(reads_numbers_of_32_bits),
        cmocka_unit_test(hints_at_a_lost_plus),    cmocka_unit_test(keeps_nuls),
        cmocka_unit_test(tells_empty_from_absent), cmocka_unit_test(keeps_an_earlier_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
