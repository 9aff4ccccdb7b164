#include "fault_log.h"

#include <string.h>

#include "clock.h"

static void tell_sum(struct fault_kind *kind)
{
    if (kind->more > 0)
        log_message(kind->level, "%ld more in %lld s: %s", kind->more,
                    (long long)(clock_now() - kind->since + 999) / 1000, kind->text.data);
    kind->since = clock_now();
    kind->more = 0;
}

static void forget(struct fault_kind *kind)
{
    tell_sum(kind);
    buffer_free(&kind->text);
}

/* The kind of a fault, or else the place for a new one: one that is free, or told longest ago. */
static struct fault_kind *find(struct fault_log *faults, const char *text)
{
    struct fault_kind *place = &faults->kinds[0];

    for (int i = 0; i < FAULT_LOG_KINDS; i++) {
        struct fault_kind *kind = &faults->kinds[i];

        if (kind->text.length > 0 && strcmp(kind->text.data, text) == 0)
            return kind;
        if (place->text.length > 0 && (kind->text.length == 0 || kind->since < place->since))
            place = kind;
    }
    return place;
}

static void add(struct fault_log *faults, enum log_level level, const char *subject,
                const char *text)
{
    struct fault_kind *kind = find(faults, text);

    if (kind->text.length > 0 && strcmp(kind->text.data, text) == 0) {
        kind->more++;
        return;
    }
    forget(kind);
    buffer_add_text(&kind->text, text);
    kind->level = level;
    log_message(level, "%s: %s", subject, text);
}

void fault_log_add(struct fault_log *faults, enum log_level level, const char *subject,
                   const char *text)
{
    struct buffer cut = {0};

    buffer_add(&cut, text, strnlen(text, LOG_LINE_MOST));
    add(faults, level, subject, cut.data);
    buffer_free(&cut);
}

int fault_log_timeout(const struct fault_log *faults)
{
    int timeout = -1;

    for (int i = 0; i < FAULT_LOG_KINDS; i++) {
        const struct fault_kind *kind = &faults->kinds[i];
        int left = clock_left(kind->since + FAULT_LOG_PERIOD);

        if (kind->text.length > 0 && (timeout < 0 || left < timeout))
            timeout = left;
    }
    return timeout;
}

void fault_log_tend(struct fault_log *faults)
{
    for (int i = 0; i < FAULT_LOG_KINDS; i++) {
        struct fault_kind *kind = &faults->kinds[i];

        if (kind->text.length == 0 || clock_left(kind->since + FAULT_LOG_PERIOD) > 0)
            continue;
        if (kind->more > 0)
            tell_sum(kind);
        else
            forget(kind);
    }
}

void fault_log_end(struct fault_log *faults)
{
    for (int i = 0; i < FAULT_LOG_KINDS; i++)
        forget(&faults->kinds[i]);
}
