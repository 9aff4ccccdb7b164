#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_db.h"
#include "stats.h"
#include "vectors.h"

#define OWN   "550e8400-e29b-41d4-a716-446655440000"
#define OTHER "f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4"
#define NOW   "1772541296123456" /* 2026-03-03T12:34:56.123456Z */
#define NO_ROWS                                                                                    \
    {                                                                                              \
        {                                                                                          \
            {"", "0", "0", "0", "0", "0", "0", NOW},                                               \
        }                                                                                          \
    }

static const struct fake_answer nothing = {ERROR_NONE, NO_ROWS};

static bool uses_rollups;

/* Asks as this role, with OWN as the user's id where there is one; keeps body and error. */
static struct asked {
    struct buffer body;
    struct error error;
} asked;

static enum error_code ask(enum tenancy tenancy, enum role role, const char *query,
                           const struct fake_answer *answer)
{
    struct config config = {.service.tenancy = tenancy, .reports.rollups = uses_rollups};
    struct app app = {.config = &config};
    struct request request = {.query = query, .identity = {"ada", role, role == ROLE_USER, {{0}}}};

    assert_true(uuid_parse(OWN, 36, &request.identity.user_id, NULL));
    buffer_free(&asked.body);
    error_free(&asked.error);
    fake_answer = answer;
    fake_statement = NULL;

    bool good = stats_get(&app, &request, &asked.body, &asked.error);

    assert_int_equal(good, asked.error.code == ERROR_NONE);
    return asked.error.code;
}

static int forget(void **state)
{
    (void)state;
    buffer_free(&asked.body);
    error_free(&asked.error);
    return 0;
}

static const struct response {
    const char *name;
    const char *query;
    struct fake_answer answer;
    bool totals_are_bucket; /* in ours, not in the vector: what stands between is passed over */
} responses[] = {
    {"stats: empty, zero totals, no filters",
     "since=2026-02-01T00:00:00Z&until=2026-03-03T12:34:56.123456Z",
     {ERROR_NONE, NO_ROWS},
     false},
    {"stats: two day rows",
     "user_id=" OWN "&channel_id=" OWN "&thread_id=%C3%A6&agent_id=%C3%A6%22%1F%7F/"
     "&since=2026-03-01T00:00:00Z&until=2026-03-03T00:00:00.5Z",
     {ERROR_NONE,
      {{{"", "3", "9", "6", "0", "15", "0.30000000000000004", NOW},
        {"1772323200", "1", "3", "2", "0", "5", "0.1", NOW},
        {"1772409600", "2", "6", "4", "0", "10", "0.2", NOW}}}},
     false},
    {"stats: bucket none, one row, ts null",
     "thread_id=&agent_id=%22%1f%7f/&since=0000-01-01T00:00:00Z"
     "&until=%2B10000-01-01T00:00:00.000000001Z&bucket=none",
     {ERROR_NONE,
      {{{"", "9223372036854775807", "-9223372036854775808", "0", "-1", "1", "10000000000000000",
         NOW},
        {"", "9223372036854775807", "-9223372036854775808", "0", "-1", "1", "10000000000000000",
         NOW}}}},
     true},
};

static bool same_around_buckets(const char *got, const char *expected)
{
    size_t totals = (size_t)(strstr(expected, "\"buckets\"") - expected);

    return strncmp(got, expected, totals) == 0 &&
           strcmp(strstr(got, "\"filters_applied\""), strstr(expected, "\"filters_applied\"")) == 0;
}

static bool check_response(const struct json_t *in, const struct json_t *out, struct buffer *got)
{
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        const struct response *response = &responses[i];

        if (!vectors_equal(in, response->name, strlen(response->name)))
            continue;
        ask(TENANCY_MULTI, ROLE_ADMIN, response->query, &response->answer);
        buffer_add(got, asked.body.data, asked.body.length);
        return response->totals_are_bucket ? same_around_buckets(got->data, vectors_text(out, NULL))
                                           : vectors_equal(out, got->data, got->length);
    }
    /* The names of the buckets are test_bucket's. */
    return vectors_equal(in, "stats: week and month names", 27);
}

static void answers_as_the_vectors_say(void **state)
{
    (void)state;
    vectors_run("responses.jsonl", check_response);
}

static void gives_the_totals_as_the_one_bucket_of_none(void **state)
{
    static const char expected[] =
        "\"buckets\":[{\"ts\":null,\"messages\":0,\"input_tokens\":0,\"output_tokens\":0,"
        "\"cached_tokens\":0,\"total_tokens\":0,\"cost_usd\":0.0}],";

    (void)state;
    assert_int_equal(ask(TENANCY_MULTI, ROLE_ADMIN, "bucket=none", &nothing), ERROR_NONE);
    assert_non_null(strstr(asked.body.data, expected));
}

static void takes_the_database_s_now(void **state)
{
    static const char expected[] = "\"since\":\"2026-02-01T12:34:56.123456+00:00\","
                                   "\"until\":\"2026-03-03T12:34:56.123456+00:00\"";

    (void)state;
    assert_int_equal(ask(TENANCY_MULTI, ROLE_ADMIN, "", &nothing), ERROR_NONE);
    assert_non_null(strstr(asked.body.data, expected));
    assert_string_equal(fake_values[0], "");
    assert_string_equal(fake_values[1], "");
    assert_string_equal(fake_values[2], "day");
}

static void refuses_a_window_that_ends_before_it_begins(void **state)
{
    static const char *const queries[] = {
        "since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z",
        "since=2026-03-01T00:00:00.000000001Z&until=2026-03-01T00:00:00Z",
        "since=2026-03-04T00:00:00Z", /* later than now */
        "until=2026-01-01T00:00:00Z", /* earlier than 30 days ago */
    };

    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        assert_int_equal(ask(TENANCY_MULTI, ROLE_ADMIN, queries[i], &nothing), ERROR_BAD_REQUEST);
        assert_string_equal(asked.error.message.data, "since: must not be later than until");
    }
    assert_int_equal(ask(TENANCY_MULTI, ROLE_ADMIN,
                         "since=2026-03-01T00:00:00Z&until=2026-03-01T00:00:00Z", &nothing),
                     ERROR_NONE);
}

/* The query, the statement that reads events for it, and the one that goes by sums where there are.
 */
static void goes_by_sums_or_the_index_that_leaves_the_least(void **state)
{
    static const char *const cases[][3] = {
        {"", "stats", "rolled_stats"},
        {"bucket=none", "stats", "rolled_stats"},
        {"agent_id=a", "stats_by_agent", "rolled_stats_by_agent"},
        {"user_id=" OWN, "stats_by_user", "rolled_stats_by_user"},
        {"bot_id=" OWN, "stats_by_bot", "rolled_stats_by_bot"},
        {"channel_id=" OWN, "stats_by_channel", "rolled_stats_by_channel"},
        {"thread_id=t", "stats_by_thread", "stats_by_thread"},
        {"agent_id=a&user_id=" OWN, "stats_by_user", "stats_by_user"},
        {"user_id=" OWN "&bot_id=" OWN, "stats_by_user", "stats_by_user"},
        {"bot_id=" OWN "&channel_id=" OWN, "stats_by_channel", "stats_by_channel"},
        {"bot_id=" OWN "&agent_id=a", "stats_by_bot", "stats_by_bot"},
        {"channel_id=" OWN "&thread_id=t&user_id=" OWN, "stats_by_thread", "stats_by_thread"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int rollups = 0; rollups < 2; rollups++) {
            uses_rollups = rollups == 1;
            assert_int_equal(ask(TENANCY_MULTI, ROLE_ADMIN, cases[i][0], &nothing), ERROR_NONE);
            assert_string_equal(fake_statement, cases[i][1 + rollups]);
            assert_int_equal(fake_calls, 1);
        }
    }
    uses_rollups = false;
}

static void finds_nothing_by_a_text_with_a_nul(void **state)
{
    (void)state;
    assert_int_equal(
        ask(TENANCY_MULTI, ROLE_ADMIN, "thread_id=a%00b&since=2026-01-01T00:00:00Z", &nothing),
        ERROR_NONE);
    assert_string_equal(fake_values[0], "9223372036854775807");
    assert_non_null(strstr(asked.body.data, "\"thread_id\":\"a\\u0000b\""));
    assert_non_null(strstr(asked.body.data, "\"since\":\"2026-01-01T00:00:00+00:00\""));
}

static void holds_a_user_to_the_own_usage(void **state)
{
    (void)state;
    assert_int_equal(ask(TENANCY_MULTI, ROLE_USER, "", &nothing), ERROR_NONE);
    assert_string_equal(fake_values[3], OWN);
    assert_non_null(strstr(asked.body.data, "\"user_id\":\"" OWN "\""));
    assert_int_equal(ask(TENANCY_MULTI, ROLE_USER, "user_id=" OWN, &nothing), ERROR_NONE);
    assert_int_equal(ask(TENANCY_MULTI, ROLE_USER, "user_id=" OTHER, &nothing), ERROR_FORBIDDEN);
    assert_null(fake_statement);
    assert_int_equal(ask(TENANCY_MULTI, ROLE_SERVICE, "user_id=" OTHER, &nothing), ERROR_NONE);
    assert_string_equal(fake_values[3], OTHER);
}

static void leads_a_held_user_by_the_own_index_alone(void **state)
{
    static const char *const filters[] = {"bot_id=" OTHER, "channel_id=" OTHER, "thread_id=x",
                                          "agent_id=x"};
    enum { COUNT = sizeof filters / sizeof *filters };

    (void)state;
    for (unsigned chosen = 0; chosen < 1U << COUNT; chosen++) {
        struct buffer query = {0};

        buffer_add_text(&query, "bucket=none");
        for (unsigned i = 0; i < COUNT; i++) {
            if ((chosen & 1U << i) != 0)
                buffer_add_format(&query, "&%s", filters[i]);
        }
        for (int rollups = 0; rollups < 2; rollups++) {
            uses_rollups = rollups;
            assert_int_equal(ask(TENANCY_MULTI, ROLE_USER, query.data, &nothing), ERROR_NONE);
            assert_string_equal(fake_statement,
                                rollups && chosen == 0 ? "rolled_stats_by_user" : "stats_by_user");
        }
        uses_rollups = false;
        buffer_free(&query);
    }
}

static void needs_the_id_of_a_user(void **state)
{
    struct config config = {.service.tenancy = TENANCY_MULTI};
    struct app app = {.config = &config};
    struct request request = {.query = "bucket=x", .identity = {"ada", ROLE_USER, false, {{0}}}};

    (void)state;
    forget(NULL);
    assert_false(stats_get(&app, &request, &asked.body, &asked.error));
    assert_int_equal(asked.error.code, ERROR_FORBIDDEN);
}

static void ignores_but_checks_the_filters_of_tenants_where_there_is_one(void **state)
{
    static const char query[] = "user_id=" OTHER "&bot_id=" OTHER "&channel_id=" OTHER;

    (void)state;
    assert_int_equal(ask(TENANCY_SINGLE, ROLE_USER, query, &nothing), ERROR_NONE);
    assert_string_equal(fake_statement, "stats");
    for (int i = 3; i < 6; i++)
        assert_string_equal(fake_values[i], "");
    assert_non_null(
        strstr(asked.body.data, "\"user_id\":null,\"bot_id\":null,\"channel_id\":null"));
    assert_int_equal(ask(TENANCY_SINGLE, ROLE_USER, "bot_id=x", &nothing), ERROR_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_the_vectors_say),
        cmocka_unit_test(gives_the_totals_as_the_one_bucket_of_none),
        cmocka_unit_test(takes_the_database_s_now),
        cmocka_unit_test(refuses_a_window_that_ends_before_it_begins),
        cmocka_unit_test(goes_by_sums_or_the_index_that_leaves_the_least),
        cmocka_unit_test(finds_nothing_by_a_text_with_a_nul),
        cmocka_unit_test(holds_a_user_to_the_own_usage),
        cmocka_unit_test(leads_a_held_user_by_the_own_index_alone),
        cmocka_unit_test(needs_the_id_of_a_user),
        cmocka_unit_test(ignores_but_checks_the_filters_of_tenants_where_there_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, forget);
}
