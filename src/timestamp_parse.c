#include "timestamp.h"

#include <string.h>
#include <strings.h>

#include "calendar.h"
#include "utf8.h"

enum { FRACTION_DIGITS = 9, LONGEST_YEAR = 4, NANOSECONDS_PER_SECOND = 1000000000 };

static const int64_t first_year = -262143;
static const int64_t last_year = 262142;
static const uint32_t minus_sign = 0x2212;

static const char too_short[] = "premature end of input";
static const char invalid[] = "input contains invalid characters";
static const char out_of_range[] = "input is out of range";
static const char too_long[] = "trailing input";
static const char impossible[] = "no possible date and time matching input";

/* What is still to be read, and the fault once there is one. Every function that reads returns
 * false at a fault. */
struct input {
    const char *at;
    const char *end;
    const char *fault;
};

struct fields {
    int64_t year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int nanosecond;
    int offset; /* of the zone, in seconds east of Greenwich */
};

static bool fail(struct input *input, const char *fault)
{
    input->fault = fault;
    return false;
}

static size_t left(const struct input *input)
{
    return (size_t)(input->end - input->at);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Whether Unicode calls the character White_Space. */
static bool is_space(uint32_t code_point)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } spaces[] = {
        {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
        {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
    };

    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (code_point >= spaces[i].first && code_point <= spaces[i].last)
            return true;
    return false;
}

/* Looks at the next character without taking it. */
static bool peek(const struct input *input, uint32_t *code_point, size_t *size)
{
    return left(input) > 0 && utf8_decode(input->at, left(input), code_point, size);
}

static void skip_space(struct input *input)
{
    uint32_t code_point;
    size_t size;

    while (peek(input, &code_point, &size) && is_space(code_point))
        input->at += size;
}

static void skip_space_and_colons(struct input *input)
{
    uint32_t code_point;
    size_t size;

    while (peek(input, &code_point, &size) && (code_point == ':' || is_space(code_point)))
        input->at += size;
}

/* Reads one character of `accepted`. */
static bool read_one_of(struct input *input, const char *accepted)
{
    if (left(input) == 0)
        return fail(input, too_short);
    if (*input->at == '\0' || strchr(accepted, *input->at) == NULL)
        return fail(input, invalid);
    input->at++;
    return true;
}

/* Reads 1 to `most` digits. */
static bool read_number(struct input *input, size_t most, int64_t *value)
{
    size_t count = 0;

    if (left(input) == 0)
        return fail(input, too_short);
    *value = 0;
    for (; count < most && left(input) > 0 && is_digit(*input->at); count++) {
        if (__builtin_mul_overflow(*value, (int64_t)10, value) ||
            __builtin_add_overflow(*value, (int64_t)(*input->at - '0'), value))
            return fail(input, out_of_range);
        input->at++;
    }
    return count > 0 || fail(input, invalid);
}

/* Reads 1 to 4 digits, or a sign and any number of digits. Whether the calendar reaches the year
 * is checked after the whole text; only what is no 32-bit number fails at once. */
static bool read_year(struct input *input, int64_t *year)
{
    skip_space(input);
    bool is_signed = left(input) > 0 && (*input->at == '-' || *input->at == '+');
    bool negative = is_signed && *input->at == '-';
    if (is_signed)
        input->at++;
    if (!read_number(input, is_signed ? SIZE_MAX : LONGEST_YEAR, year))
        return false;
    if (negative)
        *year = -*year;
    return (*year >= INT32_MIN && *year <= INT32_MAX) || fail(input, out_of_range);
}

static bool read_field(struct input *input, int least, int most, int *value)
{
    int64_t number;

    skip_space(input);
    if (!read_number(input, 2, &number))
        return false;
    *value = (int)number;
    return (*value >= least && *value <= most) || fail(input, out_of_range);
}

static bool read_separator(struct input *input, const char *separator)
{
    skip_space(input);
    return read_one_of(input, separator);
}

/* Reads the digits behind a point, if there is one. */
static bool read_fraction(struct input *input, int *nanosecond)
{
    int64_t number = 0;

    *nanosecond = 0;
    if (left(input) == 0 || *input->at != '.')
        return true;
    const char *start = ++input->at;
    if (!read_number(input, FRACTION_DIGITS, &number))
        return false;
    for (ptrdiff_t digits = input->at - start; digits < FRACTION_DIGITS; digits++)
        number *= 10;
    while (left(input) > 0 && is_digit(*input->at))
        input->at++;
    *nanosecond = (int)number;
    return true;
}

/* Reads exactly two digits. */
static bool read_two_digits(struct input *input, int *value)
{
    if (left(input) < 2)
        return fail(input, too_short);
    if (!is_digit(input->at[0]) || !is_digit(input->at[1]))
        return fail(input, invalid);
    *value = (input->at[0] - '0') * 10 + (input->at[1] - '0');
    input->at += 2;
    return true;
}

static bool read_zone_sign(struct input *input, int *sign)
{
    uint32_t code_point;
    size_t size;

    if (left(input) == 0)
        return fail(input, too_short);
    if (!peek(input, &code_point, &size))
        return fail(input, invalid);
    *sign = code_point == '+' ? 1 : -1;
    if (code_point != '+' && code_point != '-' && code_point != minus_sign)
        return fail(input, invalid);
    input->at += size;
    return true;
}

/* Takes Z or UTC away where it stands. */
static bool skip_utc(struct input *input)
{
    size_t length = 0;

    if (left(input) >= 3 && strncasecmp(input->at, "UTC", 3) == 0)
        length = 3;
    else if (left(input) >= 1 && strncasecmp(input->at, "Z", 1) == 0)
        length = 1;
    input->at += length;
    return length > 0;
}

static bool read_zone(struct input *input, int *offset)
{
    int sign;
    int hours;
    int minutes;

    *offset = 0;
    skip_space(input);
    if (skip_utc(input))
        return true;
    if (!read_zone_sign(input, &sign) || !read_two_digits(input, &hours))
        return false;
    skip_space_and_colons(input);
    if (!read_two_digits(input, &minutes))
        return false;
    if (minutes > 59)
        return fail(input, out_of_range);
    *offset = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool read_date(struct input *input, struct fields *fields)
{
    return read_year(input, &fields->year) && read_separator(input, "-") &&
           read_field(input, 1, 12, &fields->month) && read_separator(input, "-") &&
           read_field(input, 1, 31, &fields->day);
}

static bool read_time(struct input *input, struct fields *fields)
{
    return read_field(input, 0, 23, &fields->hour) && read_separator(input, ":") &&
           read_field(input, 0, 59, &fields->minute) && read_separator(input, ":") &&
           read_field(input, 0, 60, &fields->second) && read_fraction(input, &fields->nanosecond);
}

static bool read_end(struct input *input)
{
    skip_space(input);
    return left(input) == 0 || fail(input, too_long);
}

/* The seconds from 1970 to the start of a day. */
static int64_t day_start(int64_t year, int month, int day)
{
    return calendar_days((struct date){year, month, day}) * SECONDS_PER_DAY;
}

/* Makes an instant of fields that are each in their range. */
static bool combine(struct input *input, const struct fields *fields, struct timestamp *timestamp)
{
    if (fields->year < first_year || fields->year > last_year ||
        fields->day > calendar_month_length(fields->year, fields->month) ||
        fields->offset <= -SECONDS_PER_DAY || fields->offset >= SECONDS_PER_DAY)
        return fail(input, out_of_range);
    int leap = fields->second == 60 ? 1 : 0;
    int64_t seconds = day_start(fields->year, fields->month, fields->day) +
                      (int64_t)fields->hour * 3600 + (int64_t)fields->minute * 60 + fields->second -
                      leap - fields->offset;
    if (seconds < day_start(first_year, 1, 1) || seconds >= day_start(last_year + 1, 1, 1))
        return fail(input, impossible);
    *timestamp = (struct timestamp){
        .seconds = seconds, .nanoseconds = fields->nanosecond + leap * NANOSECONDS_PER_SECOND};
    return true;
}

bool timestamp_parse(const char *text, size_t length, struct timestamp *timestamp,
                     struct buffer *fault)
{
    struct input input = {.at = text, .end = text + length};
    struct fields fields;

    if (read_date(&input, &fields) && read_one_of(&input, "Tt ") && read_time(&input, &fields) &&
        read_zone(&input, &fields.offset) && read_end(&input) &&
        combine(&input, &fields, timestamp))
        return true;
    buffer_add_text(fault, input.fault);
    return false;
}
