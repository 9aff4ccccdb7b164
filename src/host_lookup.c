#include "host_lookup.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allocate.h"

enum { STACK = 256 * 1024, ADDRESSES_MOST = 32, ADDRESS_SIZE = 80 };

/* The thread and who waits for it hold it together; the last one frees it. */
struct host_lookup {
    atomic_int holders;
    int done_fd;   /* ends when the thread is done */
    int thread_fd; /* what the thread closes then */
    char *name;
    int result; /* getaddrinfo's */
    size_t count;
    char addresses[ADDRESSES_MOST][ADDRESS_SIZE];
};

static void let_go(struct host_lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->holders, 1) > 1)
        return;
    free(lookup->name);
    free(lookup);
}

static void take_addresses(struct host_lookup *lookup, const struct addrinfo *found)
{
    for (; found != NULL && lookup->count < ADDRESSES_MOST; found = found->ai_next) {
        if (getnameinfo(found->ai_addr, found->ai_addrlen, lookup->addresses[lookup->count],
                        ADDRESS_SIZE, NULL, 0, NI_NUMERICHOST) == 0)
            lookup->count++;
    }
}

static void *look_up(void *argument)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct host_lookup *lookup = argument;
    struct addrinfo *found = NULL;

    lookup->result = getaddrinfo(lookup->name, NULL, &hints, &found);
    if (lookup->result == 0) {
        take_addresses(lookup, found);
        freeaddrinfo(found);
    }
    close(lookup->thread_fd);
    let_go(lookup);
    return NULL;
}

/* Signals are the main thread's alone. */
static bool start_thread(struct host_lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);

    bool started = pthread_create(&thread, &attributes, look_up, lookup) == 0;

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

struct host_lookup *host_lookup_start(const char *name)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return NULL;

    struct host_lookup *lookup = allocate_zeroed(1, sizeof *lookup);

    lookup->done_fd = fds[0];
    lookup->thread_fd = fds[1];
    lookup->name = allocate_copy(name);
    atomic_init(&lookup->holders, 2);
    if (start_thread(lookup))
        return lookup;
    close(lookup->thread_fd);
    atomic_init(&lookup->holders, 1);
    host_lookup_end(lookup);
    return NULL;
}

void host_lookup_end(struct host_lookup *lookup)
{
    if (lookup == NULL)
        return;
    close(lookup->done_fd);
    let_go(lookup);
}

int host_lookup_fd(const struct host_lookup *lookup)
{
    return lookup->done_fd;
}

bool host_lookup_is_done(const struct host_lookup *lookup)
{
    struct pollfd done = {.fd = lookup->done_fd, .events = POLLIN};

    return poll(&done, 1, 0) == 1;
}

const char *host_lookup_fault(const struct host_lookup *lookup)
{
    return lookup->result == 0 ? NULL : gai_strerror(lookup->result);
}

size_t host_lookup_count(const struct host_lookup *lookup)
{
    return lookup->count;
}

const char *host_lookup_address(const struct host_lookup *lookup, size_t number)
{
    return lookup->addresses[number];
}
