#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "uuid.h"

static const char sample[] = "550e8400-e29b-41d4-a716-446655440000";

static void reads_every_form(void **state)
{
    static const char *const forms[] = {
        "550e8400-e29b-41d4-a716-446655440000",   "550E8400-E29B-41d4-A716-446655440000",
        "550e8400e29b41d4a716446655440000",       "550E8400E29B41D4A716446655440000",
        "{550e8400-e29b-41d4-a716-446655440000}", "urn:uuid:550E8400-e29b-41d4-a716-446655440000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct buffer fault = {0};
        struct uuid uuid;
        char text[UUID_TEXT_SIZE];

        assert_true(uuid_parse(forms[i], strlen(forms[i]), &uuid, &fault));
        assert_null(fault.data);
        uuid_format(&uuid, text);
        assert_string_equal(text, sample);
    }
}

static void keeps_every_byte(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x01, 0x12, 0x23, 0x34, 0x45, 0x56, 0x67,
                                          0x78, 0x89, 0x9a, 0xab, 0xbc, 0xcd, 0xde, 0xff};
    struct buffer fault = {0};
    struct uuid uuid;

    (void)state;
    assert_true(uuid_parse("00011223-3445-5667-7889-9aabbccddeff", 36, &uuid, &fault));
    assert_memory_equal(uuid.bytes, bytes, sizeof bytes);
}

#define LENGTH "invalid length: expected length 32 for simple format, found "
#define COUNT  "invalid group count: expected 5, found "
#define GROUP  "invalid group length in group "
#define JUNK   "invalid character: found "

static const char *const faults[][2] = {
    {"", LENGTH "0"},
    {"550e8400e29b41d4a71644665544000", LENGTH "31"},
    {"550e8400e29b41d4a7164466554400000", LENGTH "33"},
    {"550e8400e29b41d4a7164466554400000000", LENGTH "36"},
    {"-", COUNT "2"},
    {"{}", COUNT "1"},
    {"urn:uuid:", COUNT "1"},
    {"{550e8400e29b41d4a716446655440000}", COUNT "1"},
    {"urn:uuid:550e8400e29b41d4a716446655440000", COUNT "1"},
    {"550e8400-e29b41d4-a716-446655440000", COUNT "4"},
    {"550e8400-e29b-41d4-a716-44665544-0000", COUNT "6"},
    {"550e840-0e29b-41d4-a716-446655440000", GROUP "0: expected 8, found 7"},
    {"550e8400-e29-b41d4-a716-446655440000", GROUP "1: expected 4, found 3"},
    {"550e8400-e29b-41d40-a71-446655440000", GROUP "2: expected 4, found 5"},
    {"550e8400-e29b-41d4--446655440000", GROUP "3: expected 4, found 0"},
    {"550e8400-e29b-41d4-a716-44665544000", GROUP "4: expected 12, found 11"},
    {"550e8400-e29b-41d4-a716-", GROUP "4: expected 12, found 0"},
    {"{550e8400-e29b-41d4-a716-4466554400}", GROUP "4: expected 12, found 12"},
    {"{{550e8400-e29b-41d4-a716-4466554400}}", GROUP "4: expected 12, found 12"},
    {"{550e8400-e29b-41d4-a716-4466554400000}", GROUP "4: expected 12, found 15"},
    {"urn:uuid:550e8400-e29b-41d4-a716-44665544000", GROUP "4: expected 12, found 20"},
    {"{550e840-0e29b-41d4-a716-446655440000}", GROUP "0: expected 8, found 7"},
    {"x", JUNK "`x` at 1"},
    {"{", JUNK "`{` at 1"},
    {"}{", JUNK "`}` at 1"},
    {"{{550e8400-e29b-41d4-a716-446655440000}}", JUNK "`{` at 2"},
    {"550e8400-e29b-41d4-a716-44665544000g", JUNK "`g` at 36"},
    {" 550e8400-e29b-41d4-a716-446655440000", JUNK "` ` at 1"},
    {"{550e8400-e29b-41d4-a716-44665544000g}", JUNK "`g` at 36"},
    {"{550e8400-e29b-41d4-a716-44665544000g0}", JUNK "`g` at 37"},
    {"urn:uuid:550e8400-e29b-41d4-a716-44665544000x", JUNK "`x` at 36"},
    {"urn:uuid:zz", JUNK "`z` at 10"},
    {"urn:UUID:550e8400-e29b-41d4-a716-446655440000", JUNK "`u` at 1"},
    {"{urn:uuid:550e8400-e29b-41d4-a716-446655440000}", JUNK "`u` at 2"},
    {"550e8400\xe2\x88\x92", JUNK "`\xe2\x88\x92` at 9"},
    {"\xf0\x9f\x98\x80", JUNK "`\xf0\x9f\x98\x80` at 1"},
};

static void names_the_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        static const char start[] = "UUID parsing failed: ";
        struct buffer fault = {0};
        struct uuid uuid;

        assert_false(uuid_parse(faults[i][0], strlen(faults[i][0]), &uuid, &fault));
        assert_memory_equal(fault.data, start, sizeof start - 1);
        assert_string_equal(fault.data + sizeof start - 1, faults[i][1]);
        buffer_free(&fault);
    }
}

static void quotes_a_nul(void **state)
{
    static const char expected[] = "UUID parsing failed: invalid character: found `\0` at 2";
    struct buffer fault = {0};
    struct uuid uuid;

    (void)state;
    assert_false(uuid_parse("a\0b", 3, &uuid, &fault));
    assert_int_equal(fault.length, sizeof expected - 1);
    assert_memory_equal(fault.data, expected, sizeof expected);
    buffer_free(&fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(keeps_every_byte),
        cmocka_unit_test(names_the_fault),
        cmocka_unit_test(quotes_a_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
