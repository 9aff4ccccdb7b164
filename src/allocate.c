#include "allocate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"

static _Noreturn void out_of_memory(size_t size)
{
    char text[64];

    snprintf(text, sizeof text, "out of memory (%zu bytes wanted)", size);
    log_last_words(text);
    exit(EX_OSERR);
}

/* No object can be larger than PTRDIFF_MAX. The check stands here because an allocator under
 * AddressSanitizer aborts where others return NULL. */
static void check_size(size_t size)
{
    if (size > PTRDIFF_MAX)
        out_of_memory(size);
}

static void *check_memory(void *memory, size_t size)
{
    if (memory == NULL)
        out_of_memory(size);
    return memory;
}

void *allocate(size_t size)
{
    check_size(size);
    return check_memory(malloc(size > 0 ? size : 1), size);
}

void *allocate_zeroed(size_t count, size_t size)
{
    if (size > 0 && count > PTRDIFF_MAX / size)
        out_of_memory(SIZE_MAX);
    void *memory = allocate(count * size);
    memset(memory, 0, count * size);
    return memory;
}

void *allocate_again(void *memory, size_t size)
{
    check_size(size);
    return check_memory(realloc(memory, size > 0 ? size : 1), size);
}

char *allocate_copy(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(allocate(size), text, size);
}
