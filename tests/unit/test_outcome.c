#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "outcome.h"

static struct uuid id(unsigned char last)
{
    struct uuid uuid = {{0}};

    uuid.bytes[15] = last;
    return uuid;
}

static void finds_the_first_that_is_not_rejected(void **state)
{
    static const unsigned char ids[] = {5, 3, 5, 1, 3, 5};
    struct outcomes outcomes = {0};
    struct uuid wanted = id(5), missing = id(2);

    (void)state;
    for (size_t i = 0; i < sizeof ids; i++) {
        struct uuid uuid = id(ids[i]);

        outcomes_add(&outcomes, &uuid);
    }
    outcomes_reject(&outcomes, &outcomes.list[0], "no");
    outcomes_sort(&outcomes);
    assert_int_equal(outcomes.sorted, 5);
    assert_ptr_equal(outcomes_find(&outcomes, &wanted), &outcomes.list[2]);
    outcomes_reject(&outcomes, &outcomes.list[2], "neither");
    assert_ptr_equal(outcomes_find(&outcomes, &wanted), &outcomes.list[5]);
    outcomes_reject(&outcomes, &outcomes.list[5], "nor");
    assert_null(outcomes_find(&outcomes, &wanted));
    assert_null(outcomes_find(&outcomes, &missing));
    outcomes_free(&outcomes);
}

static void finds_by_place_and_undoes(void **state)
{
    struct outcomes outcomes = {0};
    struct uuid uuid = id(1);

    (void)state;
    for (int64_t place = 0; place < 3; place++)
        outcomes_add(&outcomes, &uuid)->place = place;
    outcomes_reject(&outcomes, &outcomes.list[0], "no");
    assert_ptr_equal(outcomes_at(&outcomes, 2), &outcomes.list[2]);
    assert_null(outcomes_at(&outcomes, 3));
    outcomes.list[1].status = OUTCOME_RECORDED;
    outcomes.list[1].price = OUTCOME_PRICED;
    outcomes.list[1].differs = true;
    outcomes_undo(&outcomes);
    assert_int_equal(outcomes_count(&outcomes, OUTCOME_DUPLICATE), 2);
    assert_int_equal(outcomes_count(&outcomes, OUTCOME_REJECTED), 1);
    assert_int_equal(outcomes.list[1].price, OUTCOME_NO_PRICE_ASKED);
    assert_false(outcomes.list[1].differs);
    outcomes_free(&outcomes);
}

static void says_what_became_of_each(void **state)
{
    struct outcomes outcomes = {0};
    struct buffer body = {0};
    struct uuid first = id(1);

    (void)state;
    outcomes_add(&outcomes, &first)->status = OUTCOME_RECORDED;
    outcomes.list[0].price = OUTCOME_UNPRICED;
    outcomes_add(&outcomes, &first);
    outcomes_add(&outcomes, &first)->differs = true;
    outcomes_reject(&outcomes, outcomes_add(&outcomes, NULL), "id: must be a string");
    outcomes_sort(&outcomes);
    outcomes_write(&outcomes, false, &body);
    assert_string_equal(
        body.data,
        "{\"accepted\":1,\"duplicates\":2,\"rejected\":1,\"unpriced\":1,\"results\":["
        "{\"index\":0,\"id\":\"00000000-0000-0000-0000-000000000001\",\"status\":\"recorded\","
        "\"priced\":false},"
        "{\"index\":1,\"id\":\"00000000-0000-0000-0000-000000000001\",\"status\":\"duplicate\"},"
        "{\"index\":2,\"id\":\"00000000-0000-0000-0000-000000000001\",\"status\":\"duplicate\","
        "\"differs\":true},"
        "{\"index\":3,\"id\":null,\"status\":\"rejected\",\"error\":\"id: must be a string\"}]}");
    buffer_clear(&body);
    outcomes_write(&outcomes, true, &body);
    assert_null(strstr(body.data, "recorded"));
    assert_non_null(strstr(body.data, "duplicate\"}"));
    buffer_free(&body);
    outcomes_free(&outcomes);
}

static void tells_an_error_where_all_are_rejected(void **state)
{
    struct outcomes outcomes = {0};
    struct buffer body = {0};

    (void)state;
    outcomes_write(&outcomes, false, &body);
    assert_string_equal(
        body.data,
        "{\"accepted\":0,\"duplicates\":0,\"rejected\":0,\"unpriced\":0,\"results\":[]}");
    buffer_clear(&body);
    outcomes_reject(&outcomes, outcomes_add(&outcomes, NULL), "no");
    outcomes_write(&outcomes, false, &body);
    assert_memory_equal(body.data, "{\"error\":\"no event was accepted, see results\",", 46);
    buffer_free(&body);
    outcomes_free(&outcomes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_first_that_is_not_rejected),
        cmocka_unit_test(finds_by_place_and_undoes),
        cmocka_unit_test(says_what_became_of_each),
        cmocka_unit_test(tells_an_error_where_all_are_rejected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
