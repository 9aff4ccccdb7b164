/* A uuid: what is read is written in the one form that reads back as the same. */
#include <ctype.h>
#include <string.h>

#include "must.h"
#include "uuid.h"

static void must_read_back(const struct uuid *uuid)
{
    struct uuid again;
    struct buffer fault = {0};
    char text[UUID_TEXT_SIZE];

    uuid_format(uuid, text);
    MUST(strlen(text) == UUID_TEXT_SIZE - 1);
    for (const char *byte = text; *byte != '\0'; byte++)
        MUST(*byte == '-' || isdigit((unsigned char)*byte) || (*byte >= 'a' && *byte <= 'f'));
    MUST(uuid_parse(text, strlen(text), &again, &fault));
    MUST(memcmp(uuid, &again, sizeof again) == 0);
    buffer_free(&fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct uuid uuid;
    struct buffer fault = {0};

    if (uuid_parse((const char *)data, size, &uuid, &fault)) {
        MUST(fault.length == 0);
        must_read_back(&uuid);
    } else {
        MUST(fault.length > 0);
    }
    if (size >= sizeof uuid) {
        memcpy(&uuid, data, sizeof uuid);
        must_read_back(&uuid);
    }
    buffer_free(&fault);
    return 0;
}
