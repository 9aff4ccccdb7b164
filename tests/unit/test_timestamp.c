#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "calendar.h"
#include "timestamp.h"
#include "vectors.h"

static const char too_short[] = "premature end of input";
static const char invalid[] = "input contains invalid characters";
static const char out_of_range[] = "input is out of range";
static const char too_long[] = "trailing input";
static const char impossible[] = "no possible date and time matching input";

static bool reads(const char *text, struct timestamp *timestamp)
{
    struct buffer fault = {0};
    bool good = timestamp_parse(text, strlen(text), timestamp, &fault);

    buffer_free(&fault);
    return good;
}

/* What is written for an instant must be `out`, and read back as the same instant. Where `out` is
 * null the calendar does not reach so far, and what is written must be refused. */
static bool check_vector(const struct json_t *in, const struct json_t *out, struct buffer *got)
{
    struct timestamp timestamp = timestamp_from_microseconds(vectors_integer(in));
    struct timestamp again;

    timestamp_add(got, &timestamp, TIMESTAMP_ZONE_Z);
    if (vectors_is_null(out))
        return !reads(got->data, &again);
    if (!reads(got->data, &again) || timestamp_compare(&timestamp, &again) != 0 ||
        !vectors_equal(vectors_member(out, "serde"), got->data, got->length))
        return false;
    buffer_clear(got);
    timestamp_add(got, &timestamp, TIMESTAMP_ZONE_OFFSET);
    return vectors_equal(vectors_member(out, "to_rfc3339"), got->data, got->length);
}

static void writes_the_vectors(void **state)
{
    (void)state;
    vectors_run("timestamps.jsonl", check_vector);
}

struct written {
    const char *in;
    const char *out;
};

static void check_written(const struct written *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct timestamp timestamp;
        struct buffer text = {0};

        if (!reads(cases[i].in, &timestamp))
            fail_msg("%s is refused", cases[i].in);
        timestamp_add(&text, &timestamp, TIMESTAMP_ZONE_Z);
        assert_string_equal(text.data, cases[i].out);
        buffer_free(&text);
    }
}

static void reads_the_relaxed_form(void **state)
{
    static const struct written cases[] = {
        {"2026-03-01T12:34:56Z", "2026-03-01T12:34:56Z"},
        {"2026-3-1t1:2:3z", "2026-03-01T01:02:03Z"},
        {"26-03-01 12:34:56utc", "0026-03-01T12:34:56Z"},
        {"+2026-03-01T12:34:56Utc  ", "2026-03-01T12:34:56Z"},
        {"\xc2\xa0 2026 - 03 - 01T 12 : 34 : 56 Z\xe3\x80\x80", "2026-03-01T12:34:56Z"},
        {"\xc2\x85\xe1\x9a\x80\xe2\x80\x80\xe2\x80\xa8\xe2\x80\xaf\xe2\x81\x9f\t\v\f\r\n"
         "2026-03-01T12:34:56Z",
         "2026-03-01T12:34:56Z"},
        {"2026-03-01  12:34:56Z", "2026-03-01T12:34:56Z"},
        {"2026-03-01T12:34:56+02:00", "2026-03-01T10:34:56Z"},
        {"2026-03-01T12:34:56-0230", "2026-03-01T15:04:56Z"},
        {"2026-03-01T12:34:56\xe2\x88\x92"
         "02:00",
         "2026-03-01T14:34:56Z"},
        {"2026-03-01T12:34:56 +02 : : 00", "2026-03-01T10:34:56Z"},
        {"2026-03-01T00:00:00+23:59", "2026-02-28T00:01:00Z"},
        {"2026-03-01T00:00:00-23:59", "2026-03-01T23:59:00Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
        {"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
        {"0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"},
        {"-4-02-29T00:00:00Z", "-0004-02-29T00:00:00Z"},
    };

    (void)state;
    check_written(cases, sizeof cases / sizeof *cases);
}

static void keeps_nine_digits(void **state)
{
    static const struct written cases[] = {
        {"2026-03-01T00:00:00.0Z", "2026-03-01T00:00:00Z"},
        {"2026-03-01T00:00:00.5Z", "2026-03-01T00:00:00.500Z"},
        {"2026-03-01T00:00:00.0005Z", "2026-03-01T00:00:00.000500Z"},
        {"2026-03-01T00:00:00.0000005Z", "2026-03-01T00:00:00.000000500Z"},
        {"2026-03-01T00:00:00.123456789987654321 Z", "2026-03-01T00:00:00.123456789Z"},
        {"1969-12-31T23:59:59.9999999999Z", "1969-12-31T23:59:59.999999999Z"},
    };

    (void)state;
    check_written(cases, sizeof cases / sizeof *cases);
}

static void keeps_leap_seconds(void **state)
{
    static const struct written cases[] = {
        {"2016-12-31T23:59:60Z", "2016-12-31T23:59:60Z"},
        {"2026-06-30T12:00:60.5Z", "2026-06-30T12:00:60.500Z"},
        {"2026-03-01T23:59:60+02:00", "2026-03-01T21:59:60Z"},
        {"1969-12-31T23:59:60.999999999Z", "1969-12-31T23:59:60.999999999Z"},
    };
    struct timestamp timestamp;

    (void)state;
    check_written(cases, sizeof cases / sizeof *cases);
    assert_true(reads("1969-12-31T23:59:60.25Z", &timestamp));
    assert_int_equal(timestamp.seconds, -1);
    assert_int_equal(timestamp.nanoseconds, 1250000000);
}

static void reaches_both_ends_of_the_calendar(void **state)
{
    static const struct written cases[] = {
        {"-262143-01-01T00:00:00Z", "-262143-01-01T00:00:00Z"},
        {"-262143-01-01T23:59:00+23:59", "-262143-01-01T00:00:00Z"},
        {"+262142-12-31T23:59:59.999999999Z", "+262142-12-31T23:59:59.999999999Z"},
        {"+262142-12-31T23:59:60Z", "+262142-12-31T23:59:60Z"},
        {"9999-12-31T23:59:59-00:01", "+10000-01-01T00:00:59Z"},
        {"0000-01-01T00:00:00+00:01", "-0001-12-31T23:59:00Z"},
    };

    (void)state;
    check_written(cases, sizeof cases / sizeof *cases);
}

static const struct {
    const char *text;
    const char *fault;
} faults[] = {
    {"", too_short},
    {" ", too_short},
    {"-", too_short},
    {"2026", too_short},
    {"2026-", too_short},
    {"2026-03-01", too_short},
    {"2026-03-01T", too_short},
    {"2026-03-01T12:34:56", too_short},
    {"2026-03-01T12:34:56.", too_short},
    {"2026-03-01T12:34:56+", too_short},
    {"2026-03-01T12:34:56+0", too_short},
    {"2026-03-01T12:34:56+02", too_short},
    {"2026-03-01T12:34:56+02:0", too_short},
    {"x", invalid},
    {"20260-03-01T12:34:56Z", invalid},
    {"2026/03/01T12:34:56Z", invalid},
    {"2026-03-01 T12:34:56Z", invalid},
    {"2026-03-01X12:34:56Z", invalid},
    {"2026-03-011T12:34:56Z", invalid},
    {"2026-03-01T12:34Z", invalid},
    {"2026-03-01T12:34:56.Z", invalid},
    {"2026-03-01T12:34:56.Z5", invalid},
    {"2026-03-01T12:34:56UT", invalid},
    {"2026-03-01T12:34:56GMT", invalid},
    {"2026-03-01T12:34:56+ 02:00", invalid},
    {"2026-03-01T12:34:56+2:00", invalid},
    {"2026-03-01T12:34:56+02:x0", invalid},
    {"2026-03-01T12:34:56 02:00", invalid},
    {"2026-03-01T12:34:56\xe2\x80\x8bZ", invalid},
    {"2026-00-01T00:00:00Z", out_of_range},
    {"2026-13-xx", out_of_range},
    {"2026-03-00", out_of_range},
    {"2026-03-32", out_of_range},
    {"2026-03-01T24:00:00Z", out_of_range},
    {"2026-03-01T23:60", out_of_range},
    {"2026-03-01T23:59:61", out_of_range},
    {"2026-03-01T00:00:00+00:60", out_of_range},
    {"2026-03-01T00:00:00+24:00", out_of_range},
    {"2026-03-01T00:00:00-99:59", out_of_range},
    {"2026-02-29T00:00:00Z", out_of_range},
    {"1900-02-29T00:00:00Z", out_of_range},
    {"2026-04-31T00:00:00Z", out_of_range},
    {"2026-02-30", too_short},
    {"2026-02-30T00:00:00Zx", too_long},
    {"+262143-01-01T00:00:00Z", out_of_range},
    {"-262144-12-31T23:59:59Z", out_of_range},
    {"+262143-01-01T00:00:00x", invalid},
    {"+2147483647x", invalid},
    {"+2147483648x", out_of_range},
    {"-2147483649x", out_of_range},
    {"+9223372036854775807-01-01", out_of_range},
    {"-99999999999999999999-01-01", out_of_range},
    {"-262143-01-01T00:00:00+00:01", impossible},
    {"+262142-12-31T23:59:59-00:01", impossible},
    {"2026-03-01T00:00:00ZZ", too_long},
    {"2026-03-01T00:00:00UTCx", too_long},
    {"2026-03-01T00:00:00+02:00:00", too_long},
    {"2026-03-01T00:00:00Z x", too_long},
};

static void names_the_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct buffer fault = {0};
        struct timestamp timestamp;

        if (timestamp_parse(faults[i].text, strlen(faults[i].text), &timestamp, &fault))
            fail_msg("%s is read", faults[i].text);
        if (strcmp(fault.data, faults[i].fault) != 0)
            fail_msg("%s: %s", faults[i].text, fault.data);
        buffer_free(&fault);
    }
}

static void does_not_stop_at_a_nul(void **state)
{
    struct buffer fault = {0};
    struct timestamp timestamp;

    (void)state;
    assert_false(timestamp_parse("2026-03-01T00:00:00Z\0", 21, &timestamp, &fault));
    assert_string_equal(fault.data, too_long);
    buffer_clear(&fault);
    assert_false(timestamp_parse("2026-03-01\0"
                                 "00:00:00Z",
                                 20, &timestamp, &fault));
    assert_string_equal(fault.data, invalid);
    buffer_free(&fault);
}

static void compares(void **state)
{
    static const char *const ascending[] = {
        "-262143-01-01T00:00:00Z",  "1969-12-31T23:59:59.5Z",        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:59.999Z", "1970-01-01T00:00:60Z",          "1970-01-01T00:00:60.5Z",
        "1970-01-01T00:01:00Z",     "1970-01-01T00:01:00.00000001Z", "+262142-12-31T23:59:59Z",
    };
    enum { COUNT = sizeof ascending / sizeof *ascending };

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < COUNT; j++) {
            struct timestamp a;
            struct timestamp b;

            assert_true(reads(ascending[i], &a) && reads(ascending[j], &b));
            assert_int_equal(timestamp_compare(&a, &b), (i > j) - (i < j));
        }
    }
}

static void counts_microseconds(void **state)
{
    static const int64_t counts[] = {INT64_MIN, INT64_MIN + 1, -1000001, -1000000,      -1,       0,
                                     1,         999999,        1000000,  INT64_MAX - 1, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct timestamp timestamp = timestamp_from_microseconds(counts[i]);

        assert_in_range(timestamp.nanoseconds, 0, 999999999);
        assert_int_equal(timestamp.nanoseconds % 1000, 0);
        /* Both sides wrap alike at the ends, where the seconds alone are out of range. */
        assert_int_equal((uint64_t)timestamp.seconds * 1000000 +
                             (uint64_t)timestamp.nanoseconds / 1000,
                         (uint64_t)counts[i]);
    }
}

/* Walks two rounds of 400 years day by day beside the calendar. */
static void counts_days(void **state)
{
    struct date date = {.year = -400, .month = 1, .day = 1};

    (void)state;
    for (int64_t days = calendar_days(date); date.year < 400; days++) {
        struct date same = calendar_date(days);

        if (calendar_days(date) != days || same.year != date.year || same.month != date.month ||
            same.day != date.day)
            fail_msg("day %lld", (long long)days);
        if (++date.day > calendar_month_length(date.year, date.month)) {
            date.day = 1;
            date.month++;
        }
        if (date.month > 12) {
            date.month = 1;
            date.year++;
        }
    }
    assert_int_equal(calendar_days((struct date){1970, 1, 1}), 0);
    assert_int_equal(calendar_days((struct date){2000, 3, 1}), 11017);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_vectors),
        cmocka_unit_test(reads_the_relaxed_form),
        cmocka_unit_test(keeps_nine_digits),
        cmocka_unit_test(keeps_leap_seconds),
        cmocka_unit_test(reaches_both_ends_of_the_calendar),
        cmocka_unit_test(names_the_fault),
        cmocka_unit_test(does_not_stop_at_a_nul),
        cmocka_unit_test(compares),
        cmocka_unit_test(counts_microseconds),
        cmocka_unit_test(counts_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
