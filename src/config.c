#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_keys.h"

enum { LINE_SIZE = 1024 };

/* One reading of a file. */
struct reading {
    FILE *file;
    const char *path;
    int line;
    int key_lines[CONFIG_KEYS_MOST]; /* where each key was given; 0: not yet */
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
    for (size_t i = 0; i < config_key_count; i++) {
        if (strlen(config_keys[i].section) == length &&
            memcmp(config_keys[i].section, name, length) == 0)
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

static const struct config_key *find_key(const char *section, const char *name)
{
    for (size_t i = 0; i < config_key_count; i++) {
        if (strcmp(config_keys[i].section, section) == 0 && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
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

static void take_value(struct reading *reading, const struct config_key *key, const char *value)
{
    int *given = &reading->key_lines[key - config_keys];

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
    const struct config_key *key = find_key(section, name);

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
    for (size_t i = 0; i < config_key_count; i++)
        config_keys[i].read(&config_keys[i], config_keys[i].preset,
                            (char *)config + config_keys[i].offset);
}

bool config_read(const char *path, struct config *config, struct buffer *faults)
{
    struct reading reading = {.path = path, .config = config, .faults = faults};
    size_t length = faults->length;
    struct stat link;

    set_presets(config);
    reading.file = fopen(path, "r");
    if (reading.file == NULL) {
        buffer_add_format(faults, "%s: cannot be opened: %s\n", path,
                          errno == ENOENT && lstat(path, &link) == 0
                              ? "it is a link that leads nowhere"
                              : strerror(errno));
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

void config_free(struct config *config)
{
    for (size_t i = 0; i < config_key_count; i++) {
        char **text = (char **)((char *)config + config_keys[i].offset);

        if (config_key_holds_text(&config_keys[i])) {
            free(*text);
            *text = NULL;
        }
    }
}

void config_each_key(void (*visit)(const char *section, const char *key, const char *preset,
                                   void *context),
                     void *context)
{
    for (size_t i = 0; i < config_key_count; i++)
        visit(config_keys[i].section, config_keys[i].name, config_keys[i].preset, context);
}
