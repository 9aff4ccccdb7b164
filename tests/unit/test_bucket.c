#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bucket.h"

static void reads_what_it_names(void **state)
{
    static const enum bucket buckets[] = {BUCKET_DAY, BUCKET_WEEK, BUCKET_MONTH, BUCKET_NONE};
    static const char *const names[] = {"day", "week", "month", "none"};

    (void)state;
    for (size_t i = 0; i < sizeof buckets / sizeof *buckets; i++) {
        struct buffer fault = {0};
        enum bucket bucket;

        assert_string_equal(bucket_name(buckets[i]), names[i]);
        assert_true(bucket_parse(names[i], strlen(names[i]), &bucket, &fault));
        assert_int_equal(bucket, buckets[i]);
        assert_null(fault.data);
    }
}

static void refuses_anything_else(void **state)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {{"", 0},     {"Day", 3},   {"day ", 4},  {" day", 4}, {"da", 2},
                 {"days", 4}, {"day\0", 4}, {"\0day", 4}, {"`", 1}};
    static const char before[] = "unknown variant `";
    static const char after[] = "`, expected one of `day`, `week`, `month`, `none`";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer fault = {0};
        struct buffer expected = {0};
        enum bucket bucket;

        assert_false(bucket_parse(cases[i].text, cases[i].length, &bucket, &fault));
        buffer_add_text(&expected, before);
        buffer_add(&expected, cases[i].text, cases[i].length);
        buffer_add_text(&expected, after);
        assert_int_equal(fault.length, expected.length);
        assert_memory_equal(fault.data, expected.data, expected.length);
        buffer_free(&expected);
        buffer_free(&fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_names),
        cmocka_unit_test(refuses_anything_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
