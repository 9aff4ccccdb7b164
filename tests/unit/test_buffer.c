#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include <cmocka.h>

#include "allocate.h"
#include "buffer.h"
#include "child.h"

static void grows_and_ends_with_a_nul(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        buffer_add_byte(&buffer, (char)('a' + i % 26));
        assert_int_equal(buffer.length, i + 1);
        assert_true(buffer.capacity > buffer.length);
        assert_int_equal(buffer.data[i + 1], '\0');
    }
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(buffer.data[i], 'a' + (int)(i % 26));
    buffer_free(&buffer);
}

static void keeps_nuls(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_add(&buffer, "a\0b", 3);
    buffer_add_byte(&buffer, '\0');
    buffer_add_text(&buffer, "c");
    assert_int_equal(buffer.length, 5);
    assert_memory_equal(buffer.data, "a\0b\0c", 6);
    buffer_free(&buffer);
}

static void adds_nothing(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_add(&buffer, NULL, 0);
    assert_string_equal(buffer.data, "");
    buffer_add_text(&buffer, "");
    assert_int_equal(buffer.length, 0);
    buffer_free(&buffer);
}

static void tells_what_is_too_much(void **state)
{
    struct buffer buffer = {.most = 100000};
    struct buffer any = {0};

    (void)state;
    assert_true(buffer_admits(&any, SIZE_MAX));
    assert_true(buffer_admits(&buffer, 100000));
    assert_false(buffer_admits(&buffer, 100001));
    assert_true(buffer.is_cut);
    assert_false(buffer_admits(&buffer, 0));
    buffer_clear(&buffer);
    assert_true(buffer_admits(&buffer, 99999));
    for (size_t i = 0; i < 100000; i++)
        buffer_add_byte(&buffer, 'x');
    assert_true(buffer_admits(&buffer, 0));
    assert_true(buffer.capacity < 110000);
    assert_false(buffer_admits(&buffer, 1));
    buffer_clear(&buffer);
    for (size_t i = 0; i < 200000; i++)
        buffer_add_byte(&buffer, 'x');
    assert_int_equal(buffer.length, 200000);
    assert_false(buffer_admits(&buffer, 0));
    buffer_free(&buffer);
}

static void formats(void **state)
{
    struct buffer buffer = {0};
    char wide[5001];

    (void)state;
    buffer_add_text(&buffer, "<");
    buffer_add_format(&buffer, "%d-%s", 7, "seven");
    assert_string_equal(buffer.data, "<7-seven");
    buffer_clear(&buffer);
    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    buffer_add_format(&buffer, "%s%s", wide, wide);
    assert_int_equal(buffer.length, 10000);
    assert_int_equal(strlen(buffer.data), 10000);
    buffer_free(&buffer);
}

static void clears_and_frees(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_clear(&buffer);
    buffer_free(&buffer);
    buffer_add_text(&buffer, "text");
    size_t capacity = buffer.capacity;
    buffer_clear(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(buffer.capacity, capacity);
    assert_string_equal(buffer.data, "");
    buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.capacity, 0);
    buffer_add_text(&buffer, "again");
    assert_string_equal(buffer.data, "again");
    buffer_free(&buffer);
}

static void adds_numbers(void **state)
{
    static const struct {
        uint64_t number;
        int width;
        const char *expected;
    } cases[] = {
        {0, 1, "0"},
        {0, 0, ""},
        {7, 1, "7"},
        {7, 2, "07"},
        {123, 2, "123"},
        {5, 9, "000000005"},
        {UINT64_MAX, 1, "18446744073709551615"},
        {1, 20, "00000000000000000001"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer buffer = {0};

        buffer_add_number(&buffer, cases[i].number, cases[i].width);
        buffer_add_byte(&buffer, '.');
        assert_memory_equal(buffer.data, cases[i].expected, strlen(cases[i].expected));
        assert_int_equal(buffer.length, strlen(cases[i].expected) + 1);
        buffer_free(&buffer);
    }
}

static void reserves(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_reserve(&buffer, 1000);
    assert_true(buffer.capacity > 1000);
    const char *data = buffer.data;
    for (int i = 0; i < 1000; i++)
        buffer_add_byte(&buffer, 'x');
    assert_ptr_equal(buffer.data, data);
    buffer_free(&buffer);
}

static void reserve_beyond_size_max(void)
{
    struct buffer buffer = {0};

    buffer_add_text(&buffer, "some");
    buffer_reserve(&buffer, SIZE_MAX - 2);
}

static void reserve_half_of_memory(void)
{
    struct buffer buffer = {0};

    buffer_reserve(&buffer, SIZE_MAX / 2 + 1);
}

static void allocate_too_much(void)
{
    free(allocate(SIZE_MAX));
}

static void allocate_too_many(void)
{
    free(allocate_zeroed(SIZE_MAX / 2, 4));
}

static void ends_the_process_without_memory(void **state)
{
    void (*const cases[])(void) = {reserve_beyond_size_max, reserve_half_of_memory,
                                   allocate_too_much, allocate_too_many};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = child_status(cases[i]);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EX_OSERR);
    }
}

static void allocates(void **state)
{
    (void)state;
    char *bytes = allocate_zeroed(3, 5);
    for (int i = 0; i < 15; i++)
        assert_int_equal(bytes[i], 0);
    bytes = allocate_again(bytes, 100);
    memset(bytes, 'x', 100);
    free(bytes);
    bytes = allocate_again(NULL, 10);
    memset(bytes, 'x', 10);
    free(bytes);
    char *copy = allocate_copy("copy");
    assert_string_equal(copy, "copy");
    free(copy);
    void *const nothing[] = {allocate(0), allocate_zeroed(0, 8), allocate_zeroed(8, 0)};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        assert_non_null(nothing[i]);
        free(nothing[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_ends_with_a_nul),
        cmocka_unit_test(keeps_nuls),
        cmocka_unit_test(adds_nothing),
        cmocka_unit_test(tells_what_is_too_much),
        cmocka_unit_test(formats),
        cmocka_unit_test(adds_numbers),
        cmocka_unit_test(clears_and_frees),
        cmocka_unit_test(reserves),
        cmocka_unit_test(ends_the_process_without_memory),
        cmocka_unit_test(allocates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
