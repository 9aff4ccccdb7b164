#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "uuid_named.h"

/* Expected values are those of Python's uuid.uuid5. */
static void names_as_the_standard_says(void **state)
{
    char text[UUID_TEXT_SIZE];
    struct uuid uuid;

    (void)state;
    uuid_from_name(&uuid_name_space_url, "https://example.org/app", 23, &uuid);
    uuid_format(&uuid, text);
    assert_string_equal(text, "54a0cbf7-0159-5470-bcea-273846722275");
    uuid_from_name(&uuid, "call 17", 7, &uuid);
    uuid_format(&uuid, text);
    assert_string_equal(text, "5faee594-cb00-5439-97ed-a75f1b57d711");
}

static void draws_new_ones(void **state)
{
    struct uuid first, second;

    (void)state;
    uuid_from_chance(&first);
    uuid_from_chance(&second);
    assert_memory_not_equal(&first, &second, sizeof first);
    assert_int_equal(first.bytes[6] >> 4, 4);
    assert_int_equal(first.bytes[8] >> 6, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_as_the_standard_says),
        cmocka_unit_test(draws_new_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
