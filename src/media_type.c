#include "media_type.h"

#include <string.h>

#define SPACE " \t"

/* A parameter: NAME=VALUE, perhaps in quotes. All but charset say nothing that matters here. */
static bool is_harmless(const char *parameter, size_t length)
{
    static const char name[] = "charset=";
    const size_t name_length = sizeof name - 1;

    if (length < name_length || strncasecmp(parameter, name, name_length) != 0)
        return true;
    parameter += name_length;
    length -= name_length;
    while (length > 0 && strchr(SPACE, parameter[length - 1]) != NULL)
        length--;
    if (length >= 2 && parameter[0] == '"' && parameter[length - 1] == '"') {
        parameter++;
        length -= 2;
    }
    return (length == 5 && strncasecmp(parameter, "utf-8", 5) == 0) ||
           (length == 8 && strncasecmp(parameter, "us-ascii", 8) == 0);
}

bool media_type_is(const char *header, const char *expected)
{
    size_t length = strlen(expected);
    const char *at;

    if (header == NULL || strncasecmp(header, expected, length) != 0)
        return false;
    at = header + length + strspn(header + length, SPACE);
    while (*at == ';') {
        at += 1 + strspn(at + 1, SPACE);

        size_t parameter = strcspn(at, ";");

        if (!is_harmless(at, parameter))
            return false;
        at += parameter;
    }
    return *at == '\0';
}
