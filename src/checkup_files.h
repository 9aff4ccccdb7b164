/* The checks of checkup.h that look at files alone. */
#ifndef TALLY_CHECKUP_FILES_H
#define TALLY_CHECKUP_FILES_H

#include "buffer.h"
#include "checkup.h"
#include "config.h"

/* Each appends what it found, and what to do where that is not right. */

/* Whether lines reach the place that [log] names. Nothing is written, and no file made. */
enum checkup_outcome checkup_log(const struct config *config, struct buffer *found);

/* Whether libpq will use the file with the password. Appends nothing where none is named. */
enum checkup_outcome checkup_passfile(const struct config *config, struct buffer *found);

#endif
