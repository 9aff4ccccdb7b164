#include "db_hosts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

#define PORT "5432"

void db_host_free(struct db_host *host)
{
    free(host->host);
    free(host->address);
    free(host->port);
    *host = (struct db_host){0};
}

void db_host_copy(struct db_host *copy, const struct db_host *host)
{
    const struct db_host made = {allocate_copy(host->host), allocate_copy(host->address),
                                 allocate_copy(host->port)};

    db_host_free(copy);
    *copy = made;
}

static bool is_same(const char *text, const char *other)
{
    return text != NULL && other != NULL && strcmp(text, other) == 0;
}

bool db_host_is(const struct db_host *host, const struct db_host *other)
{
    return is_same(host->host, other->host) && is_same(host->port, other->port) &&
           is_same(host->address, other->address);
}

void db_host_add_fault(const struct db_host *host, const char *text, struct buffer *faults)
{
    if (faults->length > 0)
        buffer_add_text(faults, "; ");
    buffer_add_format(faults, "host \"%s\"", host->host);
    if (host->address[0] != '\0' && strcmp(host->address, host->host) != 0)
        buffer_add_format(faults, " (%s)", host->address);
    buffer_add_format(faults, ", port %s: %s", host->port, text);
}

static size_t count_items(const char *list)
{
    size_t count = list[0] == '\0' ? 0 : 1;

    for (; *list != '\0'; list++)
        count += *list == ',';
    return count;
}

/* The item of a list, or the only one there is; "" where there is none. The caller frees it. */
static char *take_item(const char *list, size_t number)
{
    for (number = count_items(list) == 1 ? 0 : number; number > 0 && *list != '\0'; number--) {
        list += strcspn(list, ",");
        list += *list == ',';
    }

    size_t length = strcspn(list, ",");
    char *item = allocate(length + 1);

    memcpy(item, list, length);
    item[length] = '\0';
    return item;
}

static void free_list(struct db_hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++)
        db_host_free(&hosts->list[i]);
    free(hosts->list);
    hosts->list = NULL;
    hosts->count = 0;
}

/* A port that is left out of a list is libpq's own; so is a host, which "," stands for. */
static void fill(struct db_host *host, const char *const lists[3], size_t number, bool is_alone)
{
    host->host = take_item(lists[0], number);
    host->address = take_item(lists[1], number);
    host->port = take_item(lists[2], number);
    if (host->port[0] == '\0') {
        free(host->port);
        host->port = allocate_copy(PORT);
    }
    if (host->host[0] == '\0' && host->address[0] == '\0' && !is_alone) {
        free(host->host);
        host->host = allocate_copy(",");
    }
}

/* Lists that do not match are handed over as they are: libpq says what is wrong with them. */
static void make_list(struct db_hosts *hosts, char *lists[3])
{
    size_t names = count_items(lists[0]), addresses = count_items(lists[1]);
    size_t ports = count_items(lists[2]);
    size_t count = addresses > 0 ? addresses : names > 0 ? names : 1;

    if ((names > 0 && names != count) || (ports > 1 && ports != count)) {
        hosts->list = allocate_zeroed(1, sizeof *hosts->list);
        hosts->count = 1;
        hosts->list[0] = (struct db_host){lists[0], lists[1], lists[2]};
        memset(lists, 0, 3 * sizeof lists[0]);
        return;
    }
    hosts->list = allocate_zeroed(count, sizeof *hosts->list);
    hosts->count = count;
    for (size_t i = 0; i < count; i++)
        fill(&hosts->list[i], (const char *const *)lists, i, count == 1);
}

/* Only what stands in the settings tells hosts of the list apart, not the addresses of a name. */
static size_t find_best(const struct db_hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++) {
        if (is_same(hosts->list[i].host, hosts->best.host) &&
            is_same(hosts->list[i].port, hosts->best.port) &&
            (hosts->list[i].address[0] == '\0' ||
             is_same(hosts->list[i].address, hosts->best.address)))
            return i;
    }
    return 0;
}

void db_hosts_begin(struct db_hosts *hosts, const struct pq_setting *settings)
{
    static const char *const keywords[] = {"host", "hostaddr", "port"};
    char *lists[3];

    for (size_t i = 0; i < 3; i++)
        lists[i] = pq_effective(settings, keywords[i]);
    host_lookup_end(hosts->lookup);
    hosts->lookup = NULL;
    free_list(hosts);
    make_list(hosts, lists);
    hosts->first = find_best(hosts);
    hosts->begun = 0;
    for (size_t i = 0; i < 3; i++)
        free(lists[i]);
}

static bool is_number(const char *host)
{
    struct in6_addr address;

    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

/* libpq takes these for the folder of a socket, or for one without a file. */
static bool is_socket(const char *host)
{
    return host[0] == '\0' || host[0] == '/' || host[0] == '@' || strchr(host, ',') != NULL;
}

static struct db_host *at_hand(struct db_hosts *hosts)
{
    return &hosts->list[(hosts->first + hosts->begun - 1) % hosts->count];
}

/* The address of the last success comes first, then those after it, then those before it. */
static size_t first_address(struct db_hosts *hosts)
{
    const struct db_host *host = at_hand(hosts);

    for (size_t i = 0;
         is_same(host->host, hosts->best.host) && i < host_lookup_count(hosts->lookup); i++) {
        if (is_same(host_lookup_address(hosts->lookup, i), hosts->best.address))
            return i;
    }
    return 0;
}

static void end_lookup(struct db_hosts *hosts)
{
    host_lookup_end(hosts->lookup);
    hosts->lookup = NULL;
}

/* The next address of the name at hand; DB_HOSTS_END: there is none any more. */
static enum db_hosts_next next_address(struct db_hosts *hosts, struct db_host *host,
                                       struct buffer *faults)
{
    if (hosts->lookup == NULL)
        return DB_HOSTS_END;
    if (!host_lookup_is_done(hosts->lookup))
        return DB_HOSTS_WAIT;

    const char *fault = host_lookup_fault(hosts->lookup);
    size_t count = host_lookup_count(hosts->lookup);

    if (fault != NULL)
        db_host_add_fault(at_hand(hosts), fault, faults);
    if (hosts->tried == count) {
        end_lookup(hosts);
        return DB_HOSTS_END;
    }

    size_t number = (first_address(hosts) + hosts->tried++) % count;

    *host = *at_hand(hosts);
    host->address = (char *)host_lookup_address(hosts->lookup, number);
    return DB_HOSTS_FOUND;
}

enum db_hosts_next db_hosts_next(struct db_hosts *hosts, struct db_host *host,
                                 struct buffer *faults)
{
    enum db_hosts_next next;

    while ((next = next_address(hosts, host, faults)) == DB_HOSTS_END &&
           hosts->begun < hosts->count) {
        hosts->begun++;
        *host = *at_hand(hosts);
        if (host->address[0] != '\0' || is_socket(host->host))
            return DB_HOSTS_FOUND;
        if (is_number(host->host)) {
            host->address = host->host;
            return DB_HOSTS_FOUND;
        }
        hosts->tried = 0;
        hosts->lookup = host_lookup_start(host->host);
        if (hosts->lookup == NULL)
            db_host_add_fault(host, "its name cannot be looked up", faults);
    }
    return next;
}

int db_hosts_fd(const struct db_hosts *hosts)
{
    return hosts->lookup == NULL ? -1 : host_lookup_fd(hosts->lookup);
}

void db_hosts_skip_lookup(struct db_hosts *hosts, struct buffer *faults)
{
    db_host_add_fault(at_hand(hosts), "its name was not found within connect_timeout", faults);
    end_lookup(hosts);
}

void db_hosts_succeeded(struct db_hosts *hosts, const struct db_host *host)
{
    db_host_copy(&hosts->best, host);
}

void db_hosts_free(struct db_hosts *hosts)
{
    host_lookup_end(hosts->lookup);
    free_list(hosts);
    db_host_free(&hosts->best);
}
