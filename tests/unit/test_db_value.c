#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "db_value.h"

/* PostgreSQL's binary timestamptz: microseconds since 2000. */
static int64_t sent(int64_t seconds, int32_t nanoseconds)
{
    struct timestamp timestamp = {seconds, nanoseconds};
    struct db_value value = {0};
    uint64_t bytes;

    db_value_timestamp(&value, &timestamp);
    assert_true(value.binary);
    assert_int_equal(value.length, sizeof bytes);
    memcpy(&bytes, value.bytes, sizeof bytes);
    return (int64_t)be64toh(bytes);
}

static void rounds_times_up_to_microseconds(void **state)
{
    const int64_t epoch = 946684800;

    (void)state;
    assert_int_equal(sent(epoch, 0), 0);
    assert_int_equal(sent(epoch, 1), 1);
    assert_int_equal(sent(epoch, 1000), 1);
    assert_int_equal(sent(epoch, 1001), 2);
    assert_int_equal(sent(epoch, 999999001), 1000000);
    assert_int_equal(sent(epoch - 1, 999999001), 0);
    assert_int_equal(sent(epoch - 1, 0), -1000000);
    assert_int_equal(sent(0, 0), -946684800000000);
}

static void sends_leap_seconds_as_the_next_second(void **state)
{
    (void)state;
    assert_int_equal(sent(946684799, 1000000000), 0);
    assert_int_equal(sent(946684799, 1500000001), 500001);
}

static void keeps_to_the_range(void **state)
{
    const int64_t earliest = (-210863520000 - 946684800) * 1000000;

    (void)state;
    assert_int_equal(sent(-210863520000, 0), earliest);
    assert_int_equal(sent(-210863520001, 0), earliest);
    assert_int_equal(sent(INT64_MIN, 0), earliest);
    assert_int_equal(sent(9224318015999, 999999000), 9223371331199999999);
    assert_int_equal(sent(9224318016000, 0), INT64_MAX);
    assert_int_equal(sent(INT64_MAX, 1999999999), INT64_MAX);
}

static void sends_the_other_types_as_text(void **state)
{
    static const struct uuid uuid = {
        {0x55, 0x0e, 0x84, 0, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44, 0, 0}};
    struct db_value value = {0};

    (void)state;
    assert_null(value.bytes);
    db_value_i32(&value, INT32_MIN);
    assert_string_equal(value.bytes, "-2147483648");
    db_value_uuid(&value, &uuid);
    assert_string_equal(value.bytes, "550e8400-e29b-41d4-a716-446655440000");
    db_value_text(&value, "");
    assert_string_equal(value.bytes, "");
    assert_false(value.binary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_times_up_to_microseconds),
        cmocka_unit_test(sends_leap_seconds_as_the_next_second),
        cmocka_unit_test(keeps_to_the_range),
        cmocka_unit_test(sends_the_other_types_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
