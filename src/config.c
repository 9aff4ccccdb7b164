#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocate.h"
#include "secret.h"

enum { LINE_SIZE = 1024 };

struct key;

/* Reads a value into its place; returns what is wrong with it, or NULL. */
typedef const char *value_reader(const struct key *key, const char *value, void *place);

struct key {
    const char *section;
    const char *name;
    const char *preset;
    value_reader *read;
    size_t offset; /* of the value in struct config */
    long least, most;
};

static const char *read_text(const struct key *key, const char *value, void *place)
{
    (void)key;
    free(*(char **)place);
    *(char **)place = allocate_copy(value);
    return NULL;
}

static const char *read_number(const struct key *key, const char *value, void *place)
{
    char *end;

    errno = 0;
    long number = strtol(value, &end, 10);

    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || number < key->least ||
        number > key->most) {
        static char fault[80];

        snprintf(fault, sizeof fault, "must be a whole number from %ld to %ld", key->least,
                 key->most);
        return fault;
    }
    *(int *)place = (int)number;
    return NULL;
}

static const char *read_switch(const struct key *key, const char *value, void *place)
{
    (void)key;
    *(bool *)place = strcmp(value, "yes") == 0;
    return *(bool *)place || strcmp(value, "no") == 0 ? NULL : "must be yes or no";
}

/* The number of a word among `words`, which NULL ends; -1: it is none of them. */
static int find_word(const char *const *words, const char *word)
{
    int i = 0;

    while (words[i] != NULL && strcmp(word, words[i]) != 0)
        i++;
    return words[i] == NULL ? -1 : i;
}

static const char *const tenancies[] = {"single", "multi", NULL}; /* as in enum tenancy */

static const char *read_tenancy(const struct key *key, const char *value, void *place)
{
    int word = find_word(tenancies, value);

    (void)key;
    *(enum tenancy *)place = word < 0 ? TENANCY_MULTI : (enum tenancy)word;
    return word < 0 ? "must be single or multi" : NULL;
}

static const char *read_server(const struct key *key, const char *value, void *place)
{
    /* As in enum target. */
    static const char *const targets[] = {"prefer-primary", "any", "primary", "standby",
                                          "prefer-standby", NULL};
    int word = find_word(targets, value);

    (void)key;
    *(enum target *)place = word < 0 ? TARGET_PREFER_PRIMARY : (enum target)word;
    return word < 0 ? "must be prefer-primary, any, primary, standby or prefer-standby" : NULL;
}

static const char *read_level(const struct key *key, const char *value, void *place)
{
    (void)key;
    return log_level_parse(value, place) ? NULL : "must be error, warning, info or debug";
}

static const char *read_base_path(const struct key *key, const char *value, void *place)
{
    size_t length = strlen(value);

    if (length > 0 && (value[0] != '/' || value[length - 1] == '/' || strstr(value, "//") != NULL))
        return "must begin with a slash, not end with one, and have no two together";
    return read_text(key, value, place);
}

/* libpq takes a list of ports beside a list of hosts. */
static const char *read_port(const struct key *key, const char *value, void *place)
{
    const char *at = value;

    while (*at != '\0') {
        const char *end = at + strspn(at, "0123456789");
        long port = end == at ? 1 : strtol(at, NULL, 10);

        if (port < 1 || port > 65535 || (*end != ',' && *end != '\0'))
            return "must be a port number, or several with commas between them";
        at = *end == ',' ? end + 1 : end;
    }
    return read_text(key, value, place);
}

static const char *read_sslmode(const struct key *key, const char *value, void *place)
{
    static const char *const modes[] = {"",        "disable",   "allow",       "prefer",
                                        "require", "verify-ca", "verify-full", NULL};

    if (find_word(modes, value) < 0)
        return "must be disable, allow, prefer, require, verify-ca or verify-full";
    return read_text(key, value, place);
}

static const char *read_passfile(const struct key *key, const char *value, void *place)
{
    if (value[0] != '\0' && access(value, R_OK) != 0)
        return "names a file that cannot be read";
    return read_text(key, value, place);
}

static const char *read_target(const struct key *key, const char *value, void *place)
{
    if (value[0] != '/' && strcmp(value, "stderr") != 0 && strcmp(value, "syslog") != 0)
        return "must be stderr, syslog or the full path of a file";
    return read_text(key, value, place);
}

/* Whatever begins with HTTP_ was sent by the client and proves nothing about who it is. */
static const char *read_identity_param(const struct key *key, const char *value, void *place)
{
    static const char *const of_the_request[] = {
        "REQUEST_METHOD", "SCRIPT_NAME",  "PATH_INFO",      "QUERY_STRING", "REQUEST_URI",
        "DOCUMENT_URI",   "CONTENT_TYPE", "CONTENT_LENGTH", "REQUEST_ID",   "SERVER_PROTOCOL",
    };

    if (strncasecmp(value, "HTTP_", 5) == 0)
        return "must not begin with HTTP_: any client can set such a parameter";
    if (value[0] == '\0')
        return "must not be empty";
    for (size_t i = 0; i < sizeof of_the_request / sizeof of_the_request[0]; i++) {
        if (strcasecmp(value, of_the_request[i]) == 0)
            return "must not be a parameter that says what is asked";
    }
    for (const char *byte = value; *byte != '\0'; byte++) {
        if (!isalnum((unsigned char)*byte) && *byte != '_')
            return "must consist of letters, digits and underscores";
    }
    return read_text(key, value, place);
}

static const char *read_secret(const struct key *key, const char *value, void *place)
{
    char secret[SECRET_SIZE] = "";
    const char *fault = value[0] == '\0' ? NULL : secret_read(value, secret);

    return fault != NULL ? fault : read_text(key, secret, place);
}

#define PLACE(member) offsetof(struct config, member)

static const struct key keys[] = {
    {"database", "host", "", read_text, PLACE(database.host), 0, 0},
    {"database", "port", "", read_port, PLACE(database.port), 0, 0},
    {"database", "dbname", "", read_text, PLACE(database.dbname), 0, 0},
    {"database", "user", "", read_text, PLACE(database.user), 0, 0},
    {"database", "passfile", "", read_passfile, PLACE(database.passfile), 0, 0},
    {"database", "sslmode", "", read_sslmode, PLACE(database.sslmode), 0, 0},
    {"database", "service", "", read_text, PLACE(database.service), 0, 0},
    {"database", "connect_timeout", "5", read_number, PLACE(database.connect_timeout), 1, 60},
    {"database", "query_timeout", "10000", read_number, PLACE(database.query_timeout), 100,
     3600000},
    {"database", "connection_lifetime", "3600", read_number, PLACE(database.connection_lifetime), 0,
     604800},
    {"database", "target", "prefer-primary", read_server, PLACE(database.target), 0, 0},
    {"database", "prepared", "yes", read_switch, PLACE(database.prepared), 0, 0},
    {"service", "tenancy", "multi", read_tenancy, PLACE(service.tenancy), 0, 0},
    {"service", "base_path", "", read_base_path, PLACE(service.base_path), 0, 0},
    {"service", "max_requests", "0", read_number, PLACE(service.max_requests), 0, INT_MAX},
    {"service", "max_reply", "67108864", read_number, PLACE(service.max_reply), 65536, 1073741824},
    {"reports", "rollups", "yes", read_switch, PLACE(reports.rollups), 0, 0},
    {"reports", "upkeep", "yes", read_switch, PLACE(reports.upkeep), 0, 0},
    {"ingest", "max_events", "1000", read_number, PLACE(ingest.max_events), 1, 10000},
    {"ingest", "max_body", "1048576", read_number, PLACE(ingest.max_body), 1024, 67108864},
    {"ingest", "max_future", "86400", read_number, PLACE(ingest.max_future), 0, 315360000},
    {"auth", "user_param", "REMOTE_USER", read_identity_param, PLACE(auth.user_param), 0, 0},
    {"auth", "role_param", "TALLY_ROLE", read_identity_param, PLACE(auth.role_param), 0, 0},
    {"auth", "user_id_param", "TALLY_USER_ID", read_identity_param, PLACE(auth.user_id_param), 0,
     0},
    {"auth", "secret_file", "", read_secret, PLACE(auth.secret), 0, 0},
    {"log", "level", "info", read_level, PLACE(log.level), 0, 0},
    {"log", "target", "stderr", read_target, PLACE(log.target), 0, 0},
};

enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

/* One reading of a file. */
struct reading {
    FILE *file;
    const char *path;
    int line;
    int key_lines[KEY_COUNT]; /* where each key was given; 0: not yet */
    struct config *config;
    struct buffer *faults;
};

__attribute__((format(printf, 2, 3))) static void add_fault(struct reading *reading,
                                                            const char *format, ...)
{
    va_list arguments;

    buffer_add_format(reading->faults, "%s:%d: ", reading->path, reading->line);
    va_start(arguments, format);
    buffer_add_format_list(reading->faults, format, arguments);
    va_end(arguments);
    buffer_add_byte(reading->faults, '\n');
}

static bool is_known_section(const char *name, size_t length)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strlen(keys[i].section) == length && memcmp(keys[i].section, name, length) == 0)
            return true;
    }
    return false;
}

/* inih passes over what follows the bracket, and a section without keys is never heard of. After
 * a bracket that is not closed it would call back no more for lines without a value. */
static void check_section_line(struct reading *reading, char *line)
{
    const char *name = line + strspn(line, " \t");

    if (*name != '[')
        return;
    name++;

    size_t length = strcspn(name, "]");
    const char *rest = name + length;

    if (*rest != ']' || rest[1 + strspn(rest + 1, " \t\r\n")] != '\0')
        add_fault(reading, "a section is a name in brackets and nothing else");
    else if (!is_known_section(name, length))
        add_fault(reading, "unknown section [%.*s]", (int)length, name);
    if (*rest != ']')
        line[0] = '\0';
}

/* Stands for fgets in inih, which would cut a long line and take the rest for another one. */
static char *read_line(char *line, int size, void *stream)
{
    struct reading *reading = stream;

    if (fgets(line, size, reading->file) == NULL)
        return NULL;
    reading->line++;

    size_t length = strlen(line);

    if (line[length > 0 ? length - 1 : 0] != '\n' && !feof(reading->file)) {
        int byte;

        while ((byte = getc(reading->file)) != EOF && byte != '\n')
            ;
        add_fault(reading, "the line is longer than %d bytes, or has a NUL in it", size - 2);
        line[0] = '\0';
    }
    check_section_line(reading, line);
    return line;
}

static const struct key *find_key(const char *section, const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

/* A value with what looks like a comment behind it: neither cut off nor taken in silently. */
static bool has_comment(const char *value)
{
    for (const char *byte = value; *byte != '\0'; byte++) {
        if ((*byte == ';' || *byte == '#') && (byte == value || isblank((unsigned char)byte[-1])))
            return true;
    }
    return false;
}

static void take_value(struct reading *reading, const struct key *key, const char *value)
{
    int *given = &reading->key_lines[key - keys];

    if (*given != 0) {
        add_fault(reading, "%s is given again; it stands in line %d already", key->name, *given);
        return;
    }
    *given = reading->line;

    const char *fault = has_comment(value)
                            ? "must not have a comment behind it: give it a line of its own"
                            : key->read(key, value, (char *)reading->config + key->offset);

    if (fault != NULL)
        add_fault(reading, "%s %s", key->name, fault);
}

static int take_pair(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    const struct key *key = find_key(section, name);

    if (value == NULL)
        add_fault(reading, "neither a section, nor a key = value, nor a comment");
    else if (section[0] == '\0')
        add_fault(reading, "%s stands before the first section", name);
    else if (key != NULL)
        take_value(reading, key, value);
    else if (is_known_section(section, strlen(section)))
        add_fault(reading, "unknown key %s in section [%s]", name, section);
    return 1;
}

static void set_presets(struct config *config)
{
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < KEY_COUNT; i++)
        keys[i].read(&keys[i], keys[i].preset, (char *)config + keys[i].offset);
}

/* errno alone would say of a link to nothing that it is not there. */
static const char *why_not_opened(const char *path)
{
    struct stat link;
    int cause = errno;

    return cause == ENOENT && lstat(path, &link) == 0 ? "it is a link that leads nowhere"
                                                      : strerror(cause);
}

bool config_read(const char *path, struct config *config, struct buffer *faults)
{
    struct reading reading = {.path = path, .config = config, .faults = faults};
    size_t length = faults->length;

    set_presets(config);
    reading.file = fopen(path, "r");
    if (reading.file == NULL) {
        buffer_add_format(faults, "%s: cannot be opened: %s\n", path, why_not_opened(path));
        return false;
    }
    ini_allow_inline_comments = false;
    ini_allow_multiline = false;
    ini_allow_no_value = true;
    ini_use_stack = false;
    ini_initial_alloc = ini_max_line = LINE_SIZE;
    ini_parse_stream(read_line, &reading, take_pair, &reading);
    if (ferror(reading.file))
        buffer_add_format(faults, "%s: cannot be read: %s\n", path, strerror(errno));
    fclose(reading.file);
    return faults->length == length;
}

static bool holds_text(const struct key *key)
{
    return key->read == read_text || key->read == read_port || key->read == read_sslmode ||
           key->read == read_passfile || key->read == read_base_path || key->read == read_target ||
           key->read == read_identity_param || key->read == read_secret;
}

void config_free(struct config *config)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        char **text = (char **)((char *)config + keys[i].offset);

        if (holds_text(&keys[i])) {
            free(*text);
            *text = NULL;
        }
    }
}

const char *config_tenancy_name(enum tenancy tenancy)
{
    return tenancies[tenancy];
}

void config_each_key(void (*visit)(const char *section, const char *key, const char *preset,
                                   void *context),
                     void *context)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        visit(keys[i].section, keys[i].name, keys[i].preset, context);
}
