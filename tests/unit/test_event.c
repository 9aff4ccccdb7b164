#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cloud_event.h"
#include "event.h"

/* The fault of a text, "" where it is an event; `shown` gets what was read of it. */
static void read_text(event_reader *read, const char *text, struct buffer *shown,
                      struct buffer *fault)
{
    struct json_span span = {text, strlen(text)};
    struct event event = {0};
    char id[UUID_TEXT_SIZE] = "", user_id[UUID_TEXT_SIZE] = "";

    buffer_add_text(fault, "");
    if (read(&span, &event, fault)) {
        if (event.id.given)
            uuid_format(&event.id.value, id);
        if (event.user_id.given)
            uuid_format(&event.user_id.value, user_id);
        buffer_add_format(shown, "%s|%lld|%s|%s|%s|%s", id,
                          event.created_at.given ? (long long)event.created_at.value.seconds : -1,
                          event.resource_type.value.data, user_id,
                          event.thread_id.given ? event.thread_id.value.data : "-",
                          event.detail.given ? event.detail.value.data : "-");
    }
    event_free(&event);
}

struct expected {
    event_reader *read;
    const char *text, *shown, *fault;
};

static void check(const struct expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer shown = {0}, fault = {0};

        buffer_add_text(&shown, "");
        read_text(cases[i].read, cases[i].text, &shown, &fault);
        assert_string_equal(fault.data, cases[i].fault);
        assert_string_equal(shown.data, cases[i].shown);
        buffer_free(&shown);
        buffer_free(&fault);
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))
#define ID           "00000000-0000-4000-8000-00000000000a"

static void reads_rows_of_the_log(void **state)
{
    static const struct expected cases[] = {
        {event_read, "{\"resource_type\":\"x\"}", "|-1|x||-|-", ""},
        {event_read,
         "{\"detail\":{ \"tokens_in\":0.10 },\"thread_id\":\"\\u00e9\",\"user_id\":\"" ID
         "\",\"created_at\":\"1970-01-01T00:00:05Z\",\"id\":\"{" ID "}\",\"resource_type\":\"ai\"}",
         ID "|5|ai|" ID "|\xc3\xa9|{ \"tokens_in\":0.10 }", ""},
        {event_read, "{\"resource_\\u0074ype\":\"x\"}", "|-1|x||-|-", ""},
        {event_read, "{\"resource_type\":\"x\",\"created_at\":\"2033-05-18T03:33:20Z\"}",
         "|2000000000|x||-|-", ""},
        /* Its clock may be another one. */
        {event_read, "{\"resource_type\":\"x\",\"created_at\":\"9033-05-18T03:33:21Z\"}",
         "|222898620801|x||-|-", ""},
        {event_read, "{\"resource_type\":\"x\",\"a\":1,\"b\":2}", "", "a: unknown field"},
        {event_read, "{\"resource_type\":\"ai\",\"tokens_in\":2}", "",
         "tokens_in: unknown field; it belongs in detail"},
        {event_read, "{\"resource_type\":\"ai\",\"detail\":{\"input_tokens\":2}}", "",
         "detail.input_tokens: is not counted; it is called tokens_in here"},
        {event_read,
         "{\"resource_type\":\"ai\",\"detail\":{\"prompt_tokens\":2,\"tokens_cached\":1}}", "",
         "detail.prompt_tokens: is not counted; it is called tokens_in here"},
        {event_read, "{\"resource_type\":\"ai\",\"detail\":{\"input_tokens\":2,\"tokens_in\":3}}",
         "|-1|ai||-|{\"input_tokens\":2,\"tokens_in\":3}", ""},
        {event_read,
         "{\"resource_type\":\"ai\",\"detail\":{\"input_tokens\":2,\"tokens_uncached\":2}}",
         "|-1|ai||-|{\"input_tokens\":2,\"tokens_uncached\":2}", ""},
        {event_read, "{\"resource_type\":\"whisper\",\"detail\":{\"seconds\":2}}", "",
         "detail.seconds: is not counted; it is called duration_seconds here"},
        {event_read, "{\"resource_type\":\"x\",\"created_at\":\"2026-03-01\"}", "",
         "created_at: premature end of input; a time looks like 2026-03-01T12:00:00Z"},
        {event_read, "{\"resource_type\":\"ai\",\"detail\":{\"tokens_in\":2,\"tokens_cached\":2}}",
         "|-1|ai||-|{\"tokens_in\":2,\"tokens_cached\":2}", ""},
        {event_read, "{\"resource_type\":\"tts\",\"detail\":{\"tokens_in\":-1,\"priced\":1}}",
         "|-1|tts||-|{\"tokens_in\":-1,\"priced\":1}", ""},
    };

    (void)state;
    CHECK(cases);
}

#define CLOUD(rest)                                                                                \
    "{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"ai\",\"id\":\"" ID "\"" rest "}"

static void reads_cloud_events(void **state)
{
    static const struct expected cases[] = {
        {cloud_event_read, CLOUD(""), ID "|-1|ai||-|-", ""},
        {cloud_event_read, CLOUD(",\"data\":{}"), ID "|-1|ai||-|{}", ""},
        {cloud_event_read, CLOUD(",\"data\":{\"thread_id\":\"t\"}"), ID "|-1|ai||t|{}", ""},
        {cloud_event_read,
         CLOUD(",\"data\":{\"a\":1.0,\"user_id\":\"" ID "\",\"b\":[]},\"subject\":\"" ID "\""),
         ID "|-1|ai|" ID "|-|{\"a\":1.0,\"b\":[]}", ""},
        {cloud_event_read, CLOUD(",\"extension\":5,\"data\":null"), ID "|-1|ai||-|-", ""},
        {cloud_event_read, CLOUD(",\"time\":5"), "", "time: must be a string"},
        {cloud_event_read, CLOUD(",\"data\":[]"), "", "data: must be an object"},
        {cloud_event_read, "{}", "", "specversion: is missing"},
    };

    (void)state;
    CHECK(cases);
}

static void keeps_nothing_of_the_event_before(void **state)
{
    static const char first[] = "{\"resource_type\":\"x\",\"thread_id\":\"t\"}";
    static const char second[] = "{\"resource_type\":\"y\"}";
    struct json_span text = {first, sizeof first - 1}, other = {second, sizeof second - 1};
    struct buffer fault = {0};
    struct event event = {0};

    (void)state;
    assert_true(event_read(&text, &event, &fault));
    event_clear(&event);
    assert_true(event_read(&other, &event, &fault));
    assert_string_equal(event.resource_type.value.data, "y");
    assert_false(event.thread_id.given);
    event_free(&event);
    buffer_free(&fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows_of_the_log),
        cmocka_unit_test(reads_cloud_events),
        cmocka_unit_test(keeps_nothing_of_the_event_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
