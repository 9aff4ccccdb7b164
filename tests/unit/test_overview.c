#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_db.h"
#include "overview.h"

#define ID "550e8400-e29b-41d4-a716-446655440000"

static struct config config;

static void ask(const char *query, const struct fake_answer *answer, struct buffer *body,
                struct error *error)
{
    struct request request = {.query = query, .identity = {"ada", ROLE_ADMIN, false, {{0}}}};
    struct app app = {.config = &config};

    fake_answer = answer;

    bool good = overview_get(&app, &request, body, error);

    assert_int_equal(good, error->code == ERROR_NONE);
}

static void expect_body(const struct fake_answer *answer, const char *expected)
{
    struct buffer body = {0};
    struct error error = {0};

    ask("", answer, &body, &error);
    assert_string_equal(body.data, expected);
    buffer_free(&body);
}

static void writes_empty_parts(void **state)
{
    static const struct fake_answer nothing = {0};
    static const struct fake_answer last = {
        ERROR_NONE, {{{NULL}}, {{NULL}}, {{"1772323200", "tts", "1", "2.5"}}}};

    (void)state;
    expect_body(&nothing, "{\"by_collection\":[],\"ai_drilldown\":[],\"daily\":[]}");
    expect_body(&last, "{\"by_collection\":[],\"ai_drilldown\":[],\"daily\":["
                       "{\"day\":\"2026-03-01T00:00:00Z\",\"resource_type\":\"tts\","
                       "\"event_count\":1,\"total_value\":2.5}]}");
}

static void writes_every_part(void **state)
{
    static const struct fake_answer answer = {
        ERROR_NONE,
        {{{ID, "A \"b\"", "ai", "2", "300", "20"}, {"", "", "x", "1", "0", "0"}},
         {{ID, "A", "chat", "fast", "99999999999999999999", "-2.5", "2"}},
         {{"-62135596800", "ai", "3", "0.1"}}}};

    (void)state;
    expect_body(&answer,
                "{\"by_collection\":["
                "{\"collection_id\":\"" ID "\",\"collection_title\":\"A \\\"b\\\"\","
                "\"resource_type\":\"ai\",\"event_count\":2,\"total_value\":300.0,"
                "\"secondary_value\":20.0},"
                "{\"collection_id\":null,\"collection_title\":null,\"resource_type\":\"x\","
                "\"event_count\":1,\"total_value\":0.0,\"secondary_value\":0.0}],"
                "\"ai_drilldown\":["
                "{\"collection_id\":\"" ID "\",\"collection_title\":\"A\",\"job_type\":\"chat\","
                "\"model_level\":\"fast\",\"tokens_in\":9223372036854775807,\"tokens_out\":-3,"
                "\"event_count\":2}],"
                "\"daily\":[{\"day\":\"0001-01-01T00:00:00Z\",\"resource_type\":\"ai\","
                "\"event_count\":3,\"total_value\":0.1}]}");
}

static void keeps_days_within_a_year(void **state)
{
    static const struct fake_answer nothing = {0};
    static const char *const cases[][2] = {
        {"", "30"},          {"days=7", "7"},     {"days=0", "1"}, {"days=-2147483648", "1"},
        {"days=366", "365"}, {"days=365", "365"}, {"days=1", "1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer body = {0};
        struct error error = {0};

        ask(cases[i][0], &nothing, &body, &error);
        assert_string_equal(fake_values[0], cases[i][1]);
        assert_string_equal(fake_values[1], "");
        buffer_free(&body);
    }
}

static void narrows_to_a_collection(void **state)
{
    static const struct fake_answer nothing = {0};
    struct buffer body = {0};
    struct error error = {0};

    (void)state;
    ask("collection_id=%7B" ID "%7D", &nothing, &body, &error);
    assert_int_equal(fake_calls, 3);
    assert_string_equal(fake_values[1], ID);
    buffer_free(&body);
}

static void goes_by_the_sums_where_it_may(void **state)
{
    static const struct fake_answer nothing = {0};
    static const struct {
        bool rollups;
        const char *query, *statements[3];
    } cases[] = {
        {false, "", {"overview_by_collection", "overview_ai_drilldown", "overview_daily"}},
        {true,
         "",
         {"rolled_overview_by_collection", "rolled_overview_ai_drilldown",
          "rolled_overview_daily"}},
        {true,
         "collection_id=" ID,
         {"rolled_overview_by_collection_of_one", "rolled_overview_ai_drilldown_of_one",
          "rolled_overview_daily_of_one"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer body = {0};
        struct error error = {0};

        config.reports.rollups = cases[i].rollups;
        ask(cases[i].query, &nothing, &body, &error);
        for (size_t call = 0; call < fake_calls; call++)
            assert_string_equal(fake_statements[call], cases[i].statements[call]);
        buffer_free(&body);
    }
    config.reports.rollups = false;
}

static void tells_what_went_wrong(void **state)
{
    static const struct fake_answer late = {.fails_with = ERROR_DEADLINE};
    static const struct fake_answer odd = {ERROR_NONE, {{{ID, "", "ai", "many", "0", "0"}}}};
    struct buffer body = {0};
    struct error error = {0};

    (void)state;
    ask("days=x", &late, &body, &error);
    assert_int_equal(error.code, ERROR_BAD_REQUEST);
    assert_string_equal(error.message.data, "days: invalid digit found in string");
    error_free(&error);
    ask("", &late, &body, &error);
    assert_int_equal(error.code, ERROR_DEADLINE);
    error_free(&error);
    ask("", &odd, &body, &error);
    assert_int_equal(error.code, ERROR_INTERNAL);
    assert_string_equal(error.message.data, "internal error");
    assert_string_equal(error.detail.data, "column event_count holds \"many\"");
    error_free(&error);
    buffer_free(&body);
}

static void expect_too_large(const struct fake_answer *answer, size_t most)
{
    struct buffer body = {.most = most};
    struct error error = {0};

    ask("", answer, &body, &error);
    assert_int_equal(error.code, ERROR_REPLY_TOO_LARGE);
    assert_string_equal(error.message.data, "the reply would be larger than max_reply");
    error_free(&error);
    buffer_free(&body);
}

static void ends_where_the_reply_grows_too_large(void **state)
{
    static const struct fake_answer rows = {
        ERROR_NONE, {{{ID, "A", "ai", "2", "300", "20"}, {ID, "A", "cas", "2", "300", "20"}}}};
    static const struct fake_answer left_out[] = {
        {ERROR_NONE, {{{ID, "", "", "2", "300", "20", "t"}}}},
        {ERROR_NONE, {{{NULL}}, {{ID, "", "", "", "3", "4", "2", "t"}}}},
        {ERROR_NONE, {{{NULL}}, {{NULL}}, {{"1772323200", "", "1", "2.5", "t"}}}},
    };

    (void)state;
    expect_too_large(&rows, 300);
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        expect_too_large(&left_out[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_empty_parts),
        cmocka_unit_test(writes_every_part),
        cmocka_unit_test(keeps_days_within_a_year),
        cmocka_unit_test(narrows_to_a_collection),
        cmocka_unit_test(goes_by_the_sums_where_it_may),
        cmocka_unit_test(tells_what_went_wrong),
        cmocka_unit_test(ends_where_the_reply_grows_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
