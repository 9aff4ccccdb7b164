#include "detail.h"

#include <string.h>

#include "json_read.h"
#include "quantity.h"

enum { NAME_LONGEST = 1000 };

enum kind {
    QUANTITY,
    NAME,
    RESERVED, /* set by Tally */
};

enum tokens { NO_TOKENS, TOKENS_IN, TOKENS_CACHED, TOKENS_UNCACHED, TOKENS };

static const struct member {
    const char *resource_type;
    const char *name;
    enum kind kind;
    enum tokens tokens; /* which of those that belong together */
} members[] = {
    {"ai", "tokens_in", QUANTITY, TOKENS_IN},
    {"ai", "tokens_out", QUANTITY, NO_TOKENS},
    {"ai", "tokens_cached", QUANTITY, TOKENS_CACHED},
    {"ai", "tokens_uncached", QUANTITY, TOKENS_UNCACHED},
    {"ai", "cost_usd", QUANTITY, NO_TOKENS},
    {"ai", "job_type", NAME, NO_TOKENS},
    {"ai", "model_level", NAME, NO_TOKENS},
    {"ai", "model", NAME, NO_TOKENS},
    {"ai", "priced", RESERVED, NO_TOKENS},
    {"whisper", "duration_seconds", QUANTITY, NO_TOKENS},
    {"tts", "characters", QUANTITY, NO_TOKENS},
    {"cas", "size_bytes", QUANTITY, NO_TOKENS},
    {"bandwidth", "size_bytes", QUANTITY, NO_TOKENS},
    {"livekit", "participant_minutes", QUANTITY, NO_TOKENS},
};

/* A quantity, and the text that it borrows where it is not the detail's own. */
struct measured {
    bool given;
    struct quantity quantity;
    struct buffer text;
};

static bool is_text(const struct buffer *buffer, const char *text)
{
    return buffer->length == strlen(text) && memcmp(buffer->data, text, buffer->length) == 0;
}

static const struct member *find_member(const struct buffer *resource_type,
                                        const struct buffer *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (is_text(name, members[i].name) && is_text(resource_type, members[i].resource_type))
            return &members[i];
    }
    return NULL;
}

/* The fault, or NULL. */
static const char *read_quantity(const struct json_span *value, struct measured *measured)
{
    struct quantity most;
    bool is_number = value->text[0] == '-' || (value->text[0] >= '0' && value->text[0] <= '9');

    if (is_number)
        quantity_from_number(value->text, value->length, &measured->quantity);
    else if (!json_read_string(value, &measured->text) ||
             !quantity_from_text(measured->text.data, measured->text.length, &measured->quantity))
        return "must be a number";
    measured->given = true;
    quantity_from_number(QUANTITY_MOST, strlen(QUANTITY_MOST), &most);
    if (measured->quantity.is_negative && !quantity_is_zero(&measured->quantity))
        return "must not be negative";
    if (quantity_compare(&measured->quantity, &most) > 0)
        return "must not be greater than " QUANTITY_MOST;
    return NULL;
}

static const char *check_name(const struct json_span *value)
{
    struct buffer text = {0};
    const char *fault = NULL;

    if (!json_read_string(value, &text))
        fault = "must be a string";
    else if (text.length > NAME_LONGEST)
        fault = "is too long";
    buffer_free(&text);
    return fault;
}

static const char *check_member(const struct member *member, const struct json_span *value,
                                struct measured tokens[TOKENS])
{
    struct measured *measured = &tokens[member->tokens];

    if (member->kind == RESERVED)
        return "is set by the service";
    if (value->text[0] == 'n')
        return NULL;
    if (member->kind == NAME)
        return check_name(value);
    buffer_clear(&measured->text);
    return read_quantity(value, measured);
}

static void check_tokens(const struct measured tokens[TOKENS], struct buffer *fault)
{
    static const struct quantity zero = {0};
    const struct measured *cached = &tokens[TOKENS_CACHED];
    const struct quantity *whole = tokens[TOKENS_IN].given ? &tokens[TOKENS_IN].quantity : &zero;

    if (tokens[TOKENS_UNCACHED].given && tokens[TOKENS_IN].given)
        buffer_add_text(fault, "detail.tokens_uncached: tokens_in is given too, and holds "
                               "tokens_uncached and tokens_cached together");
    else if (cached->given && !tokens[TOKENS_UNCACHED].given &&
             quantity_compare(&cached->quantity, whole) > 0)
        buffer_add_text(fault, "detail.tokens_cached: is greater than tokens_in, which holds all "
                               "tokens of the input; where the provider counts cached ones apart, "
                               "send the others as tokens_uncached in place of tokens_in");
}

bool detail_check(const struct buffer *resource_type, const struct json_span *detail,
                  struct buffer *fault)
{
    struct measured tokens[TOKENS] = {{0}};
    struct json_span key, value;
    struct json_text json;
    struct buffer name = {0};

    json_text_start(&json, detail);
    json_text_enter(&json);
    while (json_text_next(&json, &key, &value)) {
        buffer_clear(&name);
        json_read_string(&key, &name);

        const struct member *member = find_member(resource_type, &name);
        const char *problem = member == NULL ? NULL : check_member(member, &value, tokens);

        if (problem != NULL && fault->length == 0)
            buffer_add_format(fault, "detail.%s: %s", member->name, problem);
    }
    if (fault->length == 0)
        check_tokens(tokens, fault);
    for (size_t i = 0; i < TOKENS; i++)
        buffer_free(&tokens[i].text);
    buffer_free(&name);
    return fault->length == 0;
}
