#include "detail.h"

#include <string.h>

#include "event.h"
#include "json_read.h"
#include "quantity.h"

#define HALF_OF_MOST "5e17" /* of QUANTITY_MOST */

enum kind {
    QUANTITY,
    NAME,
    RESERVED, /* set by Tally */
    MISNOMER, /* what a provider calls a quantity that has another name here */
};

/* The quantities that are looked at together. */
enum amount { NO_AMOUNT, TOKENS_IN, TOKENS_OUT, TOKENS_CACHED, TOKENS_UNCACHED, DURATION, AMOUNTS };

static const struct member {
    const char *resource_type;
    const char *name;
    enum kind kind;
    enum amount amount; /* of a misnomer: what it should be called */
} members[] = {
    {"ai", "tokens_in", QUANTITY, TOKENS_IN},
    {"ai", "tokens_out", QUANTITY, TOKENS_OUT},
    {"ai", "tokens_cached", QUANTITY, TOKENS_CACHED},
    {"ai", "tokens_uncached", QUANTITY, TOKENS_UNCACHED},
    {"ai", "cost_usd", QUANTITY, NO_AMOUNT},
    {"ai", "job_type", NAME, NO_AMOUNT},
    {"ai", "model_level", NAME, NO_AMOUNT},
    {"ai", "model", NAME, NO_AMOUNT},
    {"ai", "priced", RESERVED, NO_AMOUNT},
    {"whisper", "duration_seconds", QUANTITY, DURATION},
    {"tts", "characters", QUANTITY, NO_AMOUNT},
    {"cas", "size_bytes", QUANTITY, NO_AMOUNT},
    {"bandwidth", "size_bytes", QUANTITY, NO_AMOUNT},
    {"livekit", "participant_minutes", QUANTITY, NO_AMOUNT},
    {"ai", "input_tokens", MISNOMER, TOKENS_IN},
    {"ai", "prompt_tokens", MISNOMER, TOKENS_IN},
    {"ai", "output_tokens", MISNOMER, TOKENS_OUT},
    {"ai", "completion_tokens", MISNOMER, TOKENS_OUT},
    {"ai", "cached_tokens", MISNOMER, TOKENS_CACHED},
    {"whisper", "duration", MISNOMER, DURATION},
    {"whisper", "seconds", MISNOMER, DURATION},
};

/* A quantity, and the text that it borrows where it is not the detail's own. */
struct measured {
    bool given;
    const struct member *misnomer; /* what stands there by another name; NULL: nothing */
    struct quantity quantity;
    struct buffer text;
};

static const struct member *find_member(const struct buffer *resource_type,
                                        const struct buffer *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (buffer_is(name, members[i].name) && buffer_is(resource_type, members[i].resource_type))
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
    else if (text.length > EVENT_TEXT_LONGEST)
        fault = "is too long";
    buffer_free(&text);
    return fault;
}

static const char *check_member(const struct member *member, const struct json_span *value,
                                struct measured amounts[AMOUNTS])
{
    struct measured *measured = &amounts[member->amount];

    if (member->kind == RESERVED)
        return "is set by the service";
    if (member->kind == MISNOMER)
        measured->misnomer = member;
    if (member->kind == MISNOMER || value->text[0] == 'n')
        return NULL;
    if (member->kind == NAME)
        return check_name(value);
    buffer_clear(&measured->text);
    return read_quantity(value, measured);
}

static const struct member *find_amount(enum amount amount)
{
    const struct member *member = members;

    while (member->amount != amount)
        member++;
    return member;
}

/* What has its right name too may stand there by any other; alone it would count for nothing. */
static void check_misnomers(const struct measured amounts[AMOUNTS], struct buffer *fault)
{
    for (int i = 0; i < AMOUNTS && fault->length == 0; i++) {
        bool is_uncached = i == TOKENS_IN && amounts[TOKENS_UNCACHED].given;

        if (amounts[i].misnomer != NULL && !amounts[i].given && !is_uncached)
            buffer_add_format(fault, "detail.%s: is not counted; it is called %s here",
                              amounts[i].misnomer->name, find_amount((enum amount)i)->name);
    }
}

static bool is_half_too_large(const struct measured *measured)
{
    struct quantity half;

    quantity_from_number(HALF_OF_MOST, strlen(HALF_OF_MOST), &half);
    return measured->given && quantity_compare(&measured->quantity, &half) > 0;
}

static void check_tokens(const struct measured amounts[AMOUNTS], struct buffer *fault)
{
    static const struct quantity zero = {0};
    const struct measured *cached = &amounts[TOKENS_CACHED];
    const struct quantity *whole = amounts[TOKENS_IN].given ? &amounts[TOKENS_IN].quantity : &zero;

    if (is_half_too_large(&amounts[TOKENS_UNCACHED]) ||
        (amounts[TOKENS_UNCACHED].given && is_half_too_large(cached)))
        buffer_add_text(fault, "detail.tokens_uncached: must not be greater than " HALF_OF_MOST
                               ", and tokens_cached neither: they are added up");
    else if (amounts[TOKENS_UNCACHED].given && amounts[TOKENS_IN].given)
        buffer_add_text(fault, "detail.tokens_uncached: tokens_in is given too, and holds "
                               "tokens_uncached and tokens_cached together");
    else if (cached->given && !amounts[TOKENS_UNCACHED].given &&
             quantity_compare(&cached->quantity, whole) > 0)
        buffer_add_text(fault, "detail.tokens_cached: is greater than tokens_in, which holds all "
                               "tokens of the input; where the provider counts cached ones apart, "
                               "send the others as tokens_uncached in place of tokens_in");
}

bool detail_check(const struct buffer *resource_type, const struct json_span *detail,
                  struct buffer *fault)
{
    struct measured amounts[AMOUNTS] = {{0}};
    struct json_span key, value;
    struct json_text json;
    struct buffer name = {0};

    json_text_start(&json, detail);
    json_text_enter(&json);
    while (json_text_next(&json, &key, &value)) {
        buffer_clear(&name);
        json_read_string(&key, &name);

        const struct member *member = find_member(resource_type, &name);
        const char *problem = member == NULL ? NULL : check_member(member, &value, amounts);

        if (problem != NULL && fault->length == 0)
            buffer_add_format(fault, "detail.%s: %s", member->name, problem);
    }
    check_misnomers(amounts, fault);
    if (fault->length == 0)
        check_tokens(amounts, fault);
    for (size_t i = 0; i < AMOUNTS; i++)
        buffer_free(&amounts[i].text);
    buffer_free(&name);
    return fault->length == 0;
}

bool detail_has_member(const struct buffer *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (buffer_is(name, members[i].name))
            return true;
    }
    return false;
}
