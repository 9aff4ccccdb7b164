/* The log: one line per message, with time (UTC), level and process id.
 *
 * It is the one piece of global state. Control characters in a message, those that turn text around
 * or cannot be seen, and what is not UTF-8, are written as \xHH, so that no text from outside can
 * forge a line, command a terminal or look like another one. A line is
 * cut at LOG_LINE_MOST bytes, which a pipe takes whole or not at all; one that cannot be written
 * at once is lost, and how many were is told later, so that nobody waits for a log. */
#ifndef TALLY_LOG_H
#define TALLY_LOG_H

#include <stdbool.h>

#include "error.h"

enum { LOG_LINE_MOST = 4000 };

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Reads error, warning, info or debug. Returns false for anything else. */
bool log_level_parse(const char *text, enum log_level *level);

/* Sends what is at most `level` to `target`: "stderr", "syslog" or the path of a file, which is
 * appended to. Before the first call messages up to info go to standard error. Fails with
 * ERROR_INTERNAL where the file cannot be opened. */
bool log_open(enum log_level level, const char *target, struct error *error);

/* Sends it to the socket of syslog at `path`, which outlives the log; what "syslog" does with the
 * system's. */
void log_open_syslog(enum log_level level, const char *path);

/* For a start that fails: writes lines of text to standard error and, since that often leads
 * nowhere, to syslog. */
void log_failed_start(const char *text);

/* For a process that ends at once, also within a signal handler or for want of memory: writes a
 * line without escaping anything in it. */
void log_last_words(const char *text);

/* Whether messages of this level are written. */
bool log_takes(enum log_level level);

/* Writes a message. errno is kept. */
void log_message(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
