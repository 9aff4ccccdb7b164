/* Storing the events of requests in the log. */
#ifndef TALLY_RECORD_H
#define TALLY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "error.h"
#include "intake.h"

/* Stores the good events of one request, all or none, and notes what became of each. One that the
 * log does not take for what it is, is rejected, and does not hinder the others. Where the log
 * would take no other one in its place either it fails with ERROR_LOG_FAULT. `deadline` is
 * clock_now()'s. */
bool record_alone(struct app *app, struct intake *intake, int64_t deadline, struct error *error);

/* The same for the events of several requests, in one transaction: what costs most of a single
 * event, the commit, is paid once. Fails, and has noted nothing, also where the log does not take
 * one of them. db_is_undone says then whether each can be recorded alone. */
bool record_together(struct app *app, struct intake *const *intakes, size_t count, int64_t deadline,
                     struct error *error);

#endif
