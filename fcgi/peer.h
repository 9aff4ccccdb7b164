/* Requests over FastCGI and their answers: the only part that knows libfcgi.
 *
 * libfcgi reads and writes without a limit of its own. Here reading a request, and sending its
 * answer, may each be held up until a patience is over, then the peer is dropped. */
#ifndef TALLY_PEER_H
#define TALLY_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

enum {
    PEER_PATIENCE = 5000 /* milliseconds, the usual one */,
    PEER_MOST = 16 /* requests at a time */
};

/* Prepares the listening socket, which is standard input. Fails where that is not one: the program
 * was not started by spawn-fcgi, mod_fcgid or systemd. */
bool peer_listen(struct error *error);

/* The listening socket. */
int peer_listen_fd(void);

/* A request, from peer_accept to peer_answer or peer_abandon. */
struct peer;

/* Takes the next request; reading it, and reading its body, may each take `patience` milliseconds.
 * NULL: there is none, or there are PEER_MOST already; the listening socket does not block. */
struct peer *peer_accept(int patience);

/* What kept the last peer_accept from taking a connection that waits: an errno that says what the
 * system is out of; 0: nothing. */
int peer_accept_fault(void);

/* A parameter of the request, or NULL. It lives as long as the request. */
const char *peer_param(const struct peer *peer, const char *name);

/* The socket of the request, to see whether the web server has hung up. */
int peer_fd(const struct peer *peer);

/* Appends the body of the request, but no more than one byte beyond `most`. Returns false where it
 * does not come to its end. */
bool peer_read_body(struct peer *peer, size_t most, struct buffer *body);

/* From now on its patience is PEER_PATIENCE. */
void peer_wait_longer(struct peer *peer);

/* Whether the web server has hung up. */
bool peer_has_left(const struct peer *peer);

/* Sends header and body at once and ends the request. What cannot be sent is nobody's any more. */
void peer_answer(struct peer *peer, const struct buffer *header, const struct buffer *body);

/* Ends the request without an answer. */
void peer_abandon(struct peer *peer);

#endif
