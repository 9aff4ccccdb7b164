#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

static char path[] = "/tmp/tally-test-config-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* Reads `text` as a configuration; stores the faults without the path before each. */
static bool reads(const char *text, size_t length, struct config *config, char faults[4096])
{
    struct buffer got = {0};

    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);

    bool good = config_read(path, config, &got);

    faults[0] = '\0';
    for (char *line = got.data == NULL ? NULL : strtok(got.data, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        assert_memory_equal(line, path, strlen(path));
        strcat(strcat(faults, line + strlen(path) + 1), "\n");
    }
    buffer_free(&got);
    return good;
}

static void starts_from_the_defaults(void **state)
{
    struct config config;
    char faults[4096];

    (void)state;
    assert_true(reads("", 0, &config, faults));
    assert_string_equal(config.database.host, "");
    assert_int_equal(config.database.connect_timeout, 5);
    assert_int_equal(config.database.query_timeout, 10000);
    assert_int_equal(config.database.target, TARGET_PREFER_PRIMARY);
    assert_true(config.database.prepared);
    assert_int_equal(config.service.tenancy, TENANCY_MULTI);
    assert_string_equal(config.service.base_path, "");
    assert_int_equal(config.service.max_requests, 0);
    assert_int_equal(config.service.max_reply, 67108864);
    assert_string_equal(config.auth.user_param, "REMOTE_USER");
    assert_string_equal(config.auth.role_param, "TALLY_ROLE");
    assert_string_equal(config.auth.user_id_param, "TALLY_USER_ID");
    assert_string_equal(config.auth.secret, "");
    assert_int_equal(config.log.level, LOG_LEVEL_INFO);
    assert_string_equal(config.log.target, "stderr");
    config_free(&config);
}

static void takes_what_is_given(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf; a comment\n# another\n[database]\n"
        "host = /run/a;b#c\r\n  dbname=site\n"
        "prepared = no\ntarget = standby\n[service]\ntenancy = single\nbase_path = /usage\n"
        "max_requests = 500\nmax_reply = 65536\n[log]\nlevel = debug\ntarget = /var/log/tally";
    struct config config;
    char faults[4096];

    (void)state;
    assert_true(reads(text, sizeof text - 1, &config, faults));
    assert_string_equal(config.database.host, "/run/a;b#c");
    assert_string_equal(config.database.dbname, "site");
    assert_false(config.database.prepared);
    assert_int_equal(config.database.target, TARGET_STANDBY);
    assert_int_equal(config.service.tenancy, TENANCY_SINGLE);
    assert_string_equal(config.service.base_path, "/usage");
    assert_int_equal(config.service.max_requests, 500);
    assert_int_equal(config.service.max_reply, 65536);
    assert_int_equal(config.log.level, LOG_LEVEL_DEBUG);
    assert_string_equal(config.log.target, "/var/log/tally");
    config_free(&config);
}

static void names_every_fault(void **state)
{
    static const char text[] = "user = x\n"
                               "[database]\n"
                               "host = a ; the socket\n"
                               "port = 5\n"
                               "port = 6\n"
                               "hots = a\n"
                               "[databse]\n"
                               "host = a\n"
                               "[service] tenancy = single\n"
                               "[service\n"
                               "max_requests = -1\n"
                               "prepared\n"
                               "[database]\n"
                               "prepared = true\n"
                               "query_timeout = 99\n"
                               "connect_timeout = 1e1\n"
                               "sslmode = maybe\n"
                               "passfile = /nonexistent/pgpass\n"
                               "target = read-write\n"
                               "[auth]\n"
                               "user_param = HTTP_X_USER\n"
                               "role_param = http_role\n"
                               "user_id_param =\n"
                               "[service]\n"
                               "base_path = /usage/\n"
                               "[log]\n"
                               "level = loud\n"
                               "target = log.txt\n";
    struct config config;
    char faults[4096];

    (void)state;
    assert_false(reads(text, sizeof text - 1, &config, faults));
    assert_string_equal(
        faults,
        "1: user stands before the first section\n"
        "3: host must not have a comment behind it: give it a line of its own\n"
        "5: port is given again; it stands in line 4 already\n"
        "6: unknown key hots in section [database]\n"
        "7: unknown section [databse]\n"
        "9: a section is a name in brackets and nothing else\n"
        "10: a section is a name in brackets and nothing else\n"
        "11: max_requests must be a whole number from 0 to 2147483647\n"
        "12: neither a section, nor a key = value, nor a comment\n"
        "14: prepared must be yes or no\n"
        "15: query_timeout must be a whole number from 100 to 3600000\n"
        "16: connect_timeout must be a whole number from 1 to 60\n"
        "17: sslmode must be disable, allow, prefer, require, verify-ca or verify-full\n"
        "18: passfile names a file that cannot be read\n"
        "19: target must be prefer-primary, any, primary, standby or prefer-standby\n"
        "21: user_param must not begin with HTTP_: any client can set such a parameter\n"
        "22: role_param must not begin with HTTP_: any client can set such a parameter\n"
        "23: user_id_param must not be empty\n"
        "25: base_path must begin with a slash, not end with one, and have no two together\n"
        "27: level must be error, warning, info or debug\n"
        "28: target must be stderr, syslog or the full path of a file\n");
    config_free(&config);
}

static void names_faults_of_single_values(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"[database]\nport = 70000\n",
         "2: port must be a port number, or several with commas between them\n"},
        {"[database]\nport = x\n",
         "2: port must be a port number, or several with commas between them\n"},
        {"[service]\nbase_path = /a//b\n",
         "2: base_path must begin with a slash, not end with one, and have no two together\n"},
        {"[service]\nmax_reply = 65535\n",
         "2: max_reply must be a whole number from 65536 to 1073741824\n"},
        {"[auth]\nuser_param = QUERY_STRING\n",
         "2: user_param must not be a parameter that says what is asked\n"},
        {"[auth]\nrole_param = A-B\n",
         "2: role_param must consist of letters, digits and underscores\n"},
        {"[database]\nport = 1,,5432\n", ""},
        {"[database]\nport = 5432\nsslmode = verify-full\npassfile = /dev/null\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config config;
        char faults[4096];

        reads(cases[i].text, strlen(cases[i].text), &config, faults);
        assert_string_equal(faults, cases[i].fault);
        config_free(&config);
    }
}

/* inih alone would take the rest of a long line for a line of its own. */

static void refuses_long_lines(void **state)
{
    char text[3000] = "[database]\nhost = ";
    struct config config;
    char faults[4096];
    size_t length = strlen(text);

    (void)state;
    memset(text + length, 'a', 2000);
    strcpy(text + length + 2000, "\nport = 5432\n[log]\nlevel = loud\n");
    assert_false(reads(text, strlen(text), &config, faults));
    assert_string_equal(faults, "2: the line is longer than 1022 bytes, or has a NUL in it\n"
                                "5: level must be error, warning, info or debug\n");
    config_free(&config);
    assert_false(reads("[log]\nlevel = in\0fo\n", 20, &config, faults));
    assert_memory_equal(faults, "2: the line is longer", 21);
    config_free(&config);
}

/* Writes a file of this mode, and stores what a configuration that names it says. */
static bool reads_secret(const char *secret, size_t length, mode_t mode, struct config *config,
                         char *faults)
{
    char name[] = "/tmp/tally-test-secret-XXXXXX";
    char text[100];
    int fd = mkstemp(name);

    assert_int_equal(write(fd, secret, length), length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    snprintf(text, sizeof text, "[auth]\nsecret_file = %s\n", name);

    bool good = reads(text, strlen(text), config, faults);

    unlink(name);
    return good;
}

static void reads_the_secret(void **state)
{
    static const struct {
        size_t length;
        mode_t mode;
        const char *fault;
    } cases[] = {
        {16, 0600, ""},
        {255, 0440, ""},
        {15, 0600,
         "2: secret_file names a file whose first line has not between 16 and 255 bytes\n"},
        {256, 0600,
         "2: secret_file names a file whose first line has not between 16 and 255 bytes\n"},
        {16, 0604,
         "2: secret_file names a file that others may use: take all their rights to it\n"},
        {16, 0602,
         "2: secret_file names a file that others may use: take all their rights to it\n"},
    };
    struct config config;
    char secret[300], faults[4096];

    (void)state;
    memset(secret, 's', sizeof secret);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int ending = 0; ending < 3; ending++) {
            memcpy(secret + cases[i].length, ending == 2 ? "\r\n" : "\n\n", 2);
            reads_secret(secret, cases[i].length + (size_t)ending, cases[i].mode, &config, faults);
            assert_string_equal(faults, cases[i].fault);
            if (cases[i].fault[0] == '\0') {
                assert_int_equal(strlen(config.auth.secret), cases[i].length);
                assert_memory_equal(config.auth.secret, secret, cases[i].length);
            }
            config_free(&config);
        }
        memset(secret, 's', sizeof secret);
    }
    assert_false(reads("[auth]\nsecret_file = /nonexistent\n", 35, &config, faults));
    assert_string_equal(faults, "2: secret_file names a file that cannot be read\n");
    config_free(&config);
}

static void needs_the_file(void **state)
{
    struct config config;
    struct buffer faults = {0};

    (void)state;
    assert_false(config_read("/nonexistent/tally.ini", &config, &faults));
    assert_string_equal(faults.data,
                        "/nonexistent/tally.ini: cannot be opened: No such file or directory\n");
    buffer_free(&faults);
    config_free(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_from_the_defaults), cmocka_unit_test(takes_what_is_given),
        cmocka_unit_test(names_every_fault),        cmocka_unit_test(names_faults_of_single_values),
        cmocka_unit_test(refuses_long_lines),       cmocka_unit_test(needs_the_file),
        cmocka_unit_test(reads_the_secret),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
