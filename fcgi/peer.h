/* A request over FastCGI and its answer: the only part that knows libfcgi.
 *
 * libfcgi reads and writes without a limit of its own. Here reading a request, and sending its
 * answer, may each be held up until PEER_PATIENCE is over, then the peer is dropped. */
#ifndef TALLY_PEER_H
#define TALLY_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

enum { PEER_PATIENCE = 5000 /* milliseconds */ };

/* Prepares the listening socket, which is standard input. Fails where that is not one: the program
 * was not started by spawn-fcgi, mod_fcgid or systemd. */
bool peer_listen(struct error *error);

/* The listening socket. */
int peer_listen_fd(void);

/* Takes the next request, if there is one: the listening socket does not block. */
bool peer_accept(void);

/* A parameter of the request at hand, or NULL. Valid until peer_answer or peer_abandon. */
const char *peer_param(const char *name);

/* The socket of the request at hand, to see whether the web server has hung up. */
int peer_fd(void);

/* Appends the body of the request at hand, but no more than one byte beyond `most`. Returns false
 * where it does not come to its end. */
bool peer_read_body(size_t most, struct buffer *body);

/* Whether it has. */
bool peer_has_left(void);

/* Sends header and body at once and ends the request. What cannot be sent is nobody's any more. */
void peer_answer(const struct buffer *header, const struct buffer *body);

/* Ends the request without an answer. */
void peer_abandon(void);

#endif
