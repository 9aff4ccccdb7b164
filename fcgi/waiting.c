#include "waiting.h"

#include <poll.h>
#include <sys/epoll.h>

enum { DATABASE, LISTENING, EVENTS_MOST };

bool waiting_start(struct waiting *waiting, int listen_fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.u32 = LISTENING};

    *waiting = (struct waiting){.epoll_fd = epoll_create1(EPOLL_CLOEXEC), .db_fd = -1};
    return waiting->epoll_fd >= 0 &&
           epoll_ctl(waiting->epoll_fd, EPOLL_CTL_ADD, listen_fd, &event) == 0;
}

/* A socket that is closed leaves the set by itself; so a new one may meet its own number there. */
static void register_database(struct waiting *waiting, const struct db_wait *wait)
{
    struct epoll_event event = {.events = wait->events == POLLOUT ? EPOLLOUT : EPOLLIN,
                                .data.u32 = DATABASE};

    if (wait->fd == waiting->db_fd && wait->events == waiting->db_events &&
        wait->steps == waiting->db_steps)
        return;
    if (waiting->db_fd >= 0)
        epoll_ctl(waiting->epoll_fd, EPOLL_CTL_DEL, waiting->db_fd, NULL);
    if (wait->fd >= 0)
        epoll_ctl(waiting->epoll_fd, EPOLL_CTL_ADD, wait->fd, &event);
    waiting->db_fd = wait->fd;
    waiting->db_events = wait->events;
    waiting->db_steps = wait->steps;
}

void waiting_wait(struct waiting *waiting, const struct db *db, const sigset_t *open_signals,
                  bool *request_ready, bool *db_ready)
{
    struct epoll_event events[EVENTS_MOST];
    struct db_wait wait;

    db_wait(db, &wait);
    register_database(waiting, &wait);

    int count = epoll_pwait(waiting->epoll_fd, events, EVENTS_MOST, wait.timeout, open_signals);

    *request_ready = false;
    *db_ready = count == 0;
    for (int i = 0; i < count; i++)
        *(events[i].data.u32 == LISTENING ? request_ready : db_ready) = true;
}
