#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "child.h"
#include "json_write.h"
#include "vectors.h"

static void add_string(struct buffer *out, const char *text, size_t length)
{
    struct json_writer writer;

    json_write_start(&writer, out);
    json_write_string(&writer, text, length);
}

static bool check_vector(const struct json_t *in, const struct json_t *out, struct buffer *got)
{
    size_t length;
    const char *text = vectors_text(in, &length);

    add_string(got, text, length);
    return vectors_equal(out, got->data, got->length);
}

static void writes_the_vectors(void **state)
{
    (void)state;
    vectors_run("strings.jsonl", check_vector);
}

static void writes_every_type_in_order(void **state)
{
    static const struct timestamp moment = {1772323200, 500000000};
    static const struct uuid uuid = {{0x55, 0x0e, 0x84, 0x00, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16,
                                      0x44, 0x66, 0x55, 0x44, 0x00, 0x00}};
    struct buffer out = {0};
    struct json_writer writer;

    (void)state;
    json_write_start(&writer, &out);
    json_write_begin_object(&writer);
    json_write_key(&writer, "z");
    json_write_null(&writer);
    json_write_key(&writer, "list");
    json_write_begin_array(&writer);
    json_write_i64(&writer, -7);
    json_write_f64(&writer, 0.5);
    json_write_string(&writer, "a\"b", 3);
    json_write_begin_object(&writer);
    json_write_end_object(&writer);
    json_write_begin_array(&writer);
    json_write_end_array(&writer);
    json_write_end_array(&writer);
    json_write_key(&writer, "uuid");
    json_write_uuid(&writer, &uuid);
    json_write_key(&writer, "day");
    json_write_timestamp(&writer, &moment, TIMESTAMP_ZONE_Z);
    json_write_key(&writer, "since");
    json_write_timestamp(&writer, &moment, TIMESTAMP_ZONE_OFFSET);
    json_write_end_object(&writer);
    assert_string_equal(out.data, "{\"z\":null,\"list\":[-7,0.5,\"a\\\"b\",{},[]],"
                                  "\"uuid\":\"550e8400-e29b-41d4-a716-446655440000\","
                                  "\"day\":\"2026-03-01T00:00:00.500Z\","
                                  "\"since\":\"2026-03-01T00:00:00.500+00:00\"}");
    buffer_free(&out);
}

static void writes_integers(void **state)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {9, "9"},
        {-10, "-10"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};
        struct json_writer writer;

        json_write_start(&writer, &out);
        json_write_i64(&writer, cases[i].value);
        assert_string_equal(out.data, cases[i].text);
        buffer_free(&out);
    }
}

static void writes_strings_that_are_not_plain(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *json;
    } cases[] = {
        {NULL, 0, "null"},
        {"", 0, "\"\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\x1f\x7f/", 3, "\"\\u001f\x7f/\""},
        {"\xff", 1, "\"\xef\xbf\xbd\""},
        {"a\xe2\x82\"", 4, "\"a\xef\xbf\xbd\\\"\""},
        {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};

        add_string(&out, cases[i].text, cases[i].length);
        assert_string_equal(out.data, cases[i].json);
        buffer_free(&out);
    }
}

/* Each kind of character at each distance from the ends, and from the next one of its kind. */
static void writes_runs_of_any_length(void **state)
{
    static const struct {
        const char *text, *json;
    } odd[] = {{"\x01", "\\u0001"},      {"\"", "\\\""},
               {"\xc3\xa9", "\xc3\xa9"}, {"\x7f", "\x7f"},
               {"\xff", "\xef\xbf\xbd"}, {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}};
    struct buffer text = {0}, expected = {0}, out = {0};

    (void)state;
    for (size_t kind = 0; kind < sizeof odd / sizeof odd[0]; kind++) {
        for (int distance = 0; distance < 40; distance++) {
            buffer_clear(&text);
            buffer_clear(&out);
            buffer_clear(&expected);
            buffer_add_byte(&expected, '"');
            for (int i = 0; i < 400; i++) {
                bool is_odd = i >= distance && i % (distance + 1) == 0;

                buffer_add_text(&text, is_odd ? odd[kind].text : "p");
                buffer_add_text(&expected, is_odd ? odd[kind].json : "p");
            }
            buffer_add_byte(&expected, '"');
            add_string(&out, text.data, text.length);
            assert_string_equal(out.data, expected.data);
        }
    }
    buffer_free(&text);
    buffer_free(&expected);
    buffer_free(&out);
}

/* What is beyond the limit of the buffer is left out, though escapes make it long. */
static void stops_at_the_limit(void **state)
{
    enum { MOST = 10000, LITTLE = 4096, LENGTH = 100000 };
    static const char *const characters[] = {"p", "\x01", "\xff", "\xc3\xa9", "p\x01"};

    (void)state;
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++) {
        struct buffer text = {0}, out = {.most = MOST};

        while (text.length < LENGTH)
            buffer_add_text(&text, characters[i]);
        add_string(&out, text.data, text.length);
        assert_true(out.is_cut);
        assert_true(out.length < MOST + LITTLE && out.capacity <= MOST + LITTLE);
        buffer_clear(&out);
        add_string(&out, text.data, MOST / 10);
        assert_false(out.is_cut);
        buffer_free(&text);
        buffer_free(&out);
    }
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Adds a character of up to four bytes, no surrogate. */
static void add_character(struct buffer *text, unsigned random)
{
    static const char *const pieces[] = {"\"",
                                         "\\",
                                         "/",
                                         "\n",
                                         "\xc2\x80",
                                         "\xc3\xa9",
                                         "\xe2\x80\xa8",
                                         "\xef\xbf\xbf",
                                         "\xf0\x9f\x98\x80",
                                         "\xf4\x8f\xbf\xbf"};
    enum { PIECES = sizeof pieces / sizeof *pieces };

    if (random % 3 == 0)
        buffer_add_text(text, pieces[random / 3 % PIECES]);
    else
        buffer_add_byte(text, (char)(random / 3 % 0x80));
}

static void reads_back(void **state)
{
    unsigned seed = 1;
    struct buffer text = {0};
    struct buffer out = {0};

    (void)state;
    for (int round = 0; round < 5000; round++) {
        buffer_clear(&text);
        buffer_clear(&out);
        buffer_add_text(&text, "");
        for (unsigned left = next_random(&seed) % 100; left > 0; left--)
            add_character(&text, next_random(&seed));
        add_string(&out, text.data, text.length);
        assert_true(vectors_reads_back(&out, text.data, text.length));
    }
    buffer_free(&text);
    buffer_free(&out);
}

static struct buffer scratch;

static struct json_writer start(void)
{
    struct json_writer writer;

    buffer_clear(&scratch);
    json_write_start(&writer, &scratch);
    return writer;
}

static void key_at_the_root(void)
{
    struct json_writer writer = start();

    json_write_key(&writer, "key");
}

static void key_in_an_array(void)
{
    struct json_writer writer = start();

    json_write_begin_array(&writer);
    json_write_key(&writer, "key");
}

static void key_behind_a_key(void)
{
    struct json_writer writer = start();

    json_write_begin_object(&writer);
    json_write_key(&writer, "key");
    json_write_key(&writer, "key");
}

static void value_without_a_key(void)
{
    struct json_writer writer = start();

    json_write_begin_object(&writer);
    json_write_i64(&writer, 1);
}

static void second_value_of_a_key(void)
{
    struct json_writer writer = start();

    json_write_begin_object(&writer);
    json_write_key(&writer, "key");
    json_write_null(&writer);
    json_write_null(&writer);
}

static void object_without_a_key(void)
{
    struct json_writer writer = start();

    json_write_begin_object(&writer);
    json_write_begin_object(&writer);
}

static void end_behind_a_key(void)
{
    struct json_writer writer = start();

    json_write_begin_object(&writer);
    json_write_key(&writer, "key");
    json_write_end_object(&writer);
}

static void end_of_nothing(void)
{
    struct json_writer writer = start();

    json_write_end_array(&writer);
}

static void end_of_an_array_by_an_object(void)
{
    struct json_writer writer = start();

    json_write_begin_array(&writer);
    json_write_end_object(&writer);
}

static void end_of_an_object_by_an_array(void)
{
    struct json_writer writer = start();

    json_write_begin_object(&writer);
    json_write_end_array(&writer);
}

static void second_root(void)
{
    struct json_writer writer = start();

    json_write_null(&writer);
    json_write_null(&writer);
}

static void one_level_too_many(void)
{
    struct json_writer writer = start();

    for (int i = 0; i <= JSON_DEPTH; i++)
        json_write_begin_array(&writer);
}

static void right_nesting(void)
{
    struct json_writer writer = start();

    for (int i = 0; i < JSON_DEPTH; i++)
        json_write_begin_array(&writer);
    for (int i = 0; i < JSON_DEPTH; i++)
        json_write_end_array(&writer);
}

static void refuses_wrong_nesting(void **state)
{
    void (*const cases[])(void) = {
        key_at_the_root,
        key_in_an_array,
        key_behind_a_key,
        value_without_a_key,
        second_value_of_a_key,
        object_without_a_key,
        end_behind_a_key,
        end_of_nothing,
        end_of_an_array_by_an_object,
        end_of_an_object_by_an_array,
        second_root,
        one_level_too_many,
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(WIFSIGNALED(child_status(cases[i])));
    assert_int_equal(child_status(right_nesting), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_vectors),
        cmocka_unit_test(writes_every_type_in_order),
        cmocka_unit_test(writes_integers),
        cmocka_unit_test(writes_strings_that_are_not_plain),
        cmocka_unit_test(writes_runs_of_any_length),
        cmocka_unit_test(stops_at_the_limit),
        cmocka_unit_test(reads_back),
        cmocka_unit_test(refuses_wrong_nesting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
