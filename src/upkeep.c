#include "upkeep.h"

#include <string.h>

#include "app.h"
#include "clock.h"

/* Milliseconds. */
enum {
    PAUSE = 1000,         /* between what one reply and the next one ask for */
    PAUSE_WAITING = 1000, /* until writers may have ended */
    PAUSE_FAILED = 10000, /* after a step that failed, or where nothing can be kept up */
    QUICK = 40,           /* a step that may be larger */
    SLOW = 100,           /* one that should be smaller */
};

enum { EVENTS_FIRST = 500, EVENTS_LEAST = 1, EVENTS_MOST = 20000 };

/* What a step can say; the first row that fits counts, the last one fits all. */
static const struct answer {
    const char *said;
    bool goes_on;
    int pause;           /* -1: as long as the step took */
    const char *warning; /* for the log, once; NULL: nothing to say */
} answers[] = {
    {"done", false, PAUSE, NULL},
    {"more", true, -1, NULL},
    {"waiting", true, PAUSE_WAITING, NULL},
    {"busy", false, PAUSE, NULL},
    {"standby", false, PAUSE_FAILED, NULL},
    {"unfit", false, PAUSE_FAILED,
     "no sums can be kept of this log, and reports read its events: it is partitioned or "
     "inherited, "
     "or triggers of sql/rollups.sql are missing or disabled"},
    {"", false, PAUSE_FAILED, "tally_upkeep() said what this program does not know"},
};

static const struct answer *find_answer(const char *said)
{
    const struct answer *answer = answers;

    while (answer->said[0] != '\0' && strcmp(answer->said, said) != 0)
        answer++;
    return answer;
}

static bool take_said(const struct db_row *row, void *context, struct error *error)
{
    const struct answer **answer = context;
    const char *said = db_row_text(row, 0);

    (void)error;
    *answer = find_answer(said == NULL ? "" : said);
    return true;
}

static int clamped(int events)
{
    return events < EVENTS_LEAST ? EVENTS_LEAST : events > EVENTS_MOST ? EVENTS_MOST : events;
}

static void schedule(struct upkeep *upkeep, bool wanted, int64_t pause)
{
    upkeep->wanted = wanted;
    upkeep->due = clock_now() + pause;
}

static void take_answer(struct app *app, const struct answer *answer, int64_t took)
{
    struct upkeep *upkeep = &app->upkeep;

    if (answer->warning != NULL && upkeep->said != answer->said)
        log_message(LOG_LEVEL_WARNING, "%s", answer->warning);
    upkeep->said = answer->warning == NULL ? NULL : answer->said;
    if (took > SLOW)
        upkeep->events = clamped(upkeep->events / 2);
    else if (took < QUICK && answer->goes_on)
        upkeep->events = clamped(upkeep->events * 2);
    schedule(upkeep, answer->goes_on, answer->pause < 0 ? took : answer->pause);
}

/* A step that took too long was undone: the next one is smaller, or has more time, and is soon. */
static void take_failure(struct app *app, bool was_patient, const struct error *error)
{
    struct upkeep *upkeep = &app->upkeep;

    if (error->code == ERROR_DEADLINE && !was_patient) {
        upkeep->patient = upkeep->events == EVENTS_LEAST;
        upkeep->events = clamped(upkeep->events / 4);
        schedule(upkeep, true, PAUSE);
        return;
    }
    fault_log_add(&app->faults, LOG_LEVEL_WARNING, "upkeep",
                  error->detail.length > 0 ? error->detail.data : error->message.data);
    schedule(upkeep, false, PAUSE_FAILED);
}

/* No longer than a request may last. */
static int time_of_step(const struct app *app, bool patient)
{
    int longest = app->config->database.query_timeout;

    if (!patient)
        return UPKEEP_STEP;
    return longest < UPKEEP_STEP_OF_ONE ? longest : UPKEEP_STEP_OF_ONE;
}

static void take_step(struct app *app)
{
    const struct answer *answer = &answers[0];
    struct db_value events = {0};
    const struct db_call call = {&statements[STATEMENT_UPKEEP], &events, take_said, &answer};
    struct error error = {0};
    bool patient = app->upkeep.patient;
    int64_t begun = clock_now();

    app->upkeep.patient = false;
    if (app->upkeep.events == 0)
        app->upkeep.events = EVENTS_FIRST;
    db_value_i32(&events, app->upkeep.events);
    if (db_change(app->db, time_of_step(app, patient), &call, &error))
        take_answer(app, answer, clock_now() - begun);
    else
        take_failure(app, patient, &error);
    db_take_cost(app->db); /* no request's */
    error_free(&error);
}

void upkeep_reply_sent(struct app *app)
{
    app->upkeep.wanted = app->config->reports.upkeep;
}

int upkeep_timeout(const struct app *app)
{
    return app->upkeep.wanted ? clock_left(app->upkeep.due) : -1;
}

void upkeep_tend(struct app *app)
{
    if (!app->upkeep.wanted || clock_left(app->upkeep.due) > 0)
        return;
    if (db_can_change(app->db))
        take_step(app);
    else
        schedule(&app->upkeep, false, PAUSE);
}
