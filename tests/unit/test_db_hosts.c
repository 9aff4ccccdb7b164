#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db_hosts.h"

/* All places of a round, each as HOST|ADDRESS|PORT and a space. */
static void expect_round(struct db_hosts *hosts, const char *host, const char *port,
                         const char *expected)
{
    const struct pq_setting settings[] = {{"host", host}, {"port", port}, {NULL, NULL}};
    struct buffer places = {0}, faults = {0};
    struct db_host found;

    db_hosts_begin(hosts, settings);
    while (db_hosts_next(hosts, &found, &faults) == DB_HOSTS_FOUND)
        buffer_add_format(&places, "%s|%s|%s ", found.host, found.address, found.port);
    assert_string_equal(places.data, expected);
    assert_int_equal(faults.length, 0);
    buffer_free(&places);
}

static void makes_a_list(void **state)
{
    static const struct {
        const char *host, *port, *places;
    } cases[] = {
        {"", "", "||5432 "},
        {"/run/a", "", "/run/a||5432 "},
        {"127.0.0.1", "1", "127.0.0.1|127.0.0.1|1 "},
        {"127.0.0.1,::1", "1", "127.0.0.1|127.0.0.1|1 ::1|::1|1 "},
        {"127.0.0.1,/run/a,127.0.0.1", "1,2,3",
         "127.0.0.1|127.0.0.1|1 /run/a||2 127.0.0.1|127.0.0.1|3 "},
        {"127.0.0.1,@a", "1,", "127.0.0.1|127.0.0.1|1 @a||5432 "},
        {"/run/a,,", "", "/run/a||5432 ,||5432 ,||5432 "},
        /* libpq says what is wrong with it. */
        {"/run/a,/run/b", "1,2,3", "/run/a,/run/b||1,2,3 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct db_hosts hosts = {0};

        expect_round(&hosts, cases[i].host, cases[i].port, cases[i].places);
        db_hosts_free(&hosts);
    }
}

static void begins_where_it_was_well(void **state)
{
    static char b[] = "/run/b", none[] = "", port[] = "5432";
    const struct db_host best = {b, none, port};
    struct db_hosts hosts = {0};

    (void)state;
    db_hosts_succeeded(&hosts, &best);
    expect_round(&hosts, "/run/a,/run/b,/run/c", "", "/run/b||5432 /run/c||5432 /run/a||5432 ");
    expect_round(&hosts, "/run/c,/run/d", "", "/run/c||5432 /run/d||5432 ");
    db_hosts_free(&hosts);
}

static void takes_what_is_left_out_from_the_environment(void **state)
{
    struct db_hosts hosts = {0};

    (void)state;
    setenv("PGHOST", "name-a,name-b", 1);
    setenv("PGHOSTADDR", "127.0.0.1,127.0.0.2", 1);
    setenv("PGPORT", "6,7", 1);
    expect_round(&hosts, "", "", "name-a|127.0.0.1|6 name-b|127.0.0.2|7 ");
    unsetenv("PGHOST");
    unsetenv("PGHOSTADDR");
    unsetenv("PGPORT");
    db_hosts_free(&hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_list),
        cmocka_unit_test(begins_where_it_was_well),
        cmocka_unit_test(takes_what_is_left_out_from_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
