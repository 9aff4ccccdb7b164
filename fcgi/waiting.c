#include "waiting.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "clock.h"

enum { PAUSE_FIRST = 100, PAUSE_LONGEST = 1000 /* milliseconds */ };

enum source { DATABASE, LISTENING, SIGNALS, SOURCES };

static void end_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGUSR1);
}

void waiting_hold_signals(void)
{
    sigset_t set;

    end_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool add(const struct waiting *waiting, int fd, uint32_t events, enum source source)
{
    struct epoll_event event = {.events = events, .data.u32 = source};

    return fd >= 0 && epoll_ctl(waiting->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool listen_again(const struct waiting *waiting)
{
    return add(waiting, waiting->listen_fd, EPOLLIN | EPOLLEXCLUSIVE, LISTENING);
}

bool waiting_start(struct waiting *waiting, int listen_fd)
{
    sigset_t set;

    end_signals(&set);
    *waiting = (struct waiting){
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC), .listen_fd = listen_fd, .db_fd = -1};
    return waiting->epoll_fd >= 0 && listen_again(waiting) &&
           add(waiting, signalfd(-1, &set, SFD_CLOEXEC), EPOLLIN, SIGNALS);
}

/* A socket that is closed leaves the set by itself; so a new one may meet its own number there. */
static void register_database(struct waiting *waiting, const struct db_wait *wait)
{
    if (wait->fd == waiting->db_fd && wait->events == waiting->db_events &&
        wait->steps == waiting->db_steps)
        return;
    if (waiting->db_fd >= 0)
        epoll_ctl(waiting->epoll_fd, EPOLL_CTL_DEL, waiting->db_fd, NULL);
    add(waiting, wait->fd, wait->events == POLLOUT ? EPOLLOUT : EPOLLIN, DATABASE);
    waiting->db_fd = wait->fd;
    waiting->db_events = wait->events;
    waiting->db_steps = wait->steps;
}

void waiting_pause(struct waiting *waiting)
{
    waiting->pause = waiting->pause == 0 ? PAUSE_FIRST : waiting->pause * 2;
    if (waiting->pause > PAUSE_LONGEST)
        waiting->pause = PAUSE_LONGEST;
    waiting->resume = clock_now() + waiting->pause;
    epoll_ctl(waiting->epoll_fd, EPOLL_CTL_DEL, waiting->listen_fd, NULL);
}

void waiting_go_on(struct waiting *waiting)
{
    waiting->pause = 0;
}

/* Milliseconds until the listening socket is looked at again; -1: it is. */
static int pause_left(struct waiting *waiting)
{
    if (waiting->resume == 0)
        return -1;

    int left = clock_left(waiting->resume);

    if (left > 0)
        return left;
    waiting->resume = 0;
    listen_again(waiting);
    return -1;
}

static int shorter(int timeout, int other)
{
    return other >= 0 && (timeout < 0 || other < timeout) ? other : timeout;
}

struct waiting_ready waiting_wait(struct waiting *waiting, const struct db_link *link, int timeout,
                                  int other_timeout)
{
    struct epoll_event events[SOURCES];
    bool ready[SOURCES] = {false};
    struct db_wait wait;
    sigset_t held;

    end_signals(&held);
    sigaddset(&held, SIGALRM);
    db_link_wait(link, &wait);
    register_database(waiting, &wait);

    int most = shorter(shorter(timeout, other_timeout), pause_left(waiting));
    int count = epoll_pwait(waiting->epoll_fd, events, SOURCES, shorter(most, wait.timeout), &held);

    for (int i = 0; i < count; i++)
        ready[events[i].data.u32] = true;
    /* Also where requests leave no pause. */
    db_link_wait(link, &wait);
    return (struct waiting_ready){ready[LISTENING], ready[DATABASE] || wait.timeout == 0,
                                  ready[SIGNALS]};
}
